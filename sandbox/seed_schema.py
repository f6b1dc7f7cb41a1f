"""What the seeded app has besides rows and files: active schemas and an environment."""

import json

PACKAGE_VERSION = "1.48.0"

ENVIRONMENT = {
    "SIPD_API_URL": "https://sipd.sleman.example/api",
    "SIPD_API_TOKEN": "sipd-token-that-no-backup-may-hold",
    "SMTP_PASSWORD": "smtp-password-that-no-backup-may-hold",
    "FISCAL_YEAR": "2026",
}

_TEXT = {"type": "string"}
_INT = {"type": "bigint"}
_FLOAT = {"type": "number"}
_BOOL = {"type": "boolean"}

# Young apps type their small tables and leave the wide ones `v.any()`: None stands for that.
_Fields = dict[str, dict[str, str]] | None
_TABLES: dict[str, dict[str, _Fields]] = {
    "": {
        "organizations": None,
        "users": None,
        "budgets": None,
        "npd": None,
        "sp2d": None,
        "auditLogs": None,
        "attachments": {
            "fileName": _TEXT,
            "npdId": {"type": "id", "tableName": "npd"},
            "pages": _INT,
            "storageId": {"type": "id", "tableName": "_storage"},
            "uploadedBy": {"type": "id", "tableName": "users"},
        },
        "settings": {"name": _TEXT, "value": {"type": "any"}},
        "drafts": {"body": _TEXT},
    },
    "waitlist": {"entries": {"email": _TEXT, "invited": _BOOL, "position": _INT, "score": _FLOAT}},
}
_INDEXES = {"users": "email", "npd": "number", "sp2d": "number", "entries": "email"}


def _table(name: str, fields: _Fields) -> dict[str, object]:
    document: dict[str, object] = {"type": "any"}
    if fields is not None:
        value = {key: {"fieldType": kind, "optional": False} for key, kind in fields.items()}
        document = {"type": "object", "value": value}
    by = _INDEXES.get(name)
    indexes = [{"indexDescriptor": f"by_{by}", "fields": [by, "_creationTime"]}] if by else []
    return {
        "tableName": name,
        "indexes": indexes,
        "searchIndexes": [],
        "vectorIndexes": [],
        "documentType": document,
    }


def _schema(tables: dict[str, _Fields]) -> str:
    described = [_table(name, fields) for name, fields in tables.items()]
    return json.dumps({"tables": described, "schemaValidation": True})


def active() -> dict[str, str]:
    """Component path to its active schema, the JSON text that `getSchemas` answers."""
    return {component: _schema(tables) for component, tables in _TABLES.items()}
