"""The shape of what lifeboat.toml says of archives at rest: where, sealed for whom, how long.

A part of `settings_shape.py`, which holds the rest and joins all of it.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

DAYS_MAX = 36_500


class Table(BaseModel):
    """One table of the file: unknown keys and values of another type are mistakes."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, hide_input_in_errors=True
    )


class VaultTable(Table):
    kind: Literal["folder", "s3"] | None = Field(
        default=None, description='What the vault is: "folder", or "s3" for a bucket.'
    )
    folder: str | None = Field(
        default=None,
        min_length=1,
        description="folder: the folder that keeps the archives; relative to this file.",
    )
    offsite: bool | None = Field(
        default=None,
        description="Whether it lies in another place than the others: Lifeboat can't know that of "
        "a folder. Left out: false for a folder, true for s3.",
    )
    offline: bool = Field(
        default=False,
        description="Whether it is out of reach of an intruder most of the time, such as a disk "
        "that is only plugged in for `sync`.",
    )
    bucket: str | None = Field(default=None, description="s3: the bucket's name.")
    endpoint: str | None = Field(
        default=None, description="s3: the server's address. Left out: AWS."
    )
    region: str | None = Field(
        default=None, description="s3: the bucket's region. Left out: as AWS's own settings say."
    )
    prefix: str = Field(
        default="",
        max_length=200,
        description="s3: the names of all objects begin so, as in lifeboat/.",
    )
    path_style: bool = Field(
        default=False,
        description="s3: put the bucket's name into the path instead of the host's name.",
    )
    allow_plain_http: bool = Field(
        default=False,
        description="s3: allow http:// to a public address, where anyone on the way reads all.",
    )
    conditional_create: bool = Field(
        default=True,
        description="s3: the server knows If-None-Match: *; `doctor` tries it. false: claims "
        "decide which of two writers wins.",
    )
    checksum: Literal["sha256", "md5"] = Field(
        default="sha256", description='s3: the sum of every request; "md5" for older servers.'
    )
    part_mib: int = Field(default=8, ge=5, le=512, description="s3: MiB in each part of an upload.")
    upload_workers: int = Field(
        default=2, ge=1, le=16, description="s3: how many parts are sent at the same time."
    )
    server_encryption: Literal["AES256", "aws:kms"] | None = Field(
        default=None, description="s3: how the server encrypts. Left out: as the bucket says."
    )
    kms_key: str | None = Field(
        default=None, min_length=1, description='s3: id or ARN of the key for "aws:kms".'
    )
    storage_class: dict[str, str] | None = Field(
        default=None, description="s3: the storage class of archives by kind of backup."
    )
    cold_class: Literal["GLACIER", "DEEP_ARCHIVE"] = Field(
        default="GLACIER", description="s3: the class that old monthlies are moved to."
    )
    thaw_days: int = Field(
        default=7, ge=1, le=365, description="s3: for how many days a thawed archive stays so."
    )
    thaw_tier: Literal["Standard", "Bulk", "Expedited"] = Field(
        default="Standard", description="s3: how quickly, and at what price, archives are thawed."
    )
    lock_mode: Literal["governance", "compliance"] | None = Field(
        default=None, description="s3: lock new backups against removal, in this mode."
    )
    lock_days: dict[str, int] | None = Field(
        default=None, description="s3: for how many days, by kind of backup."
    )


class EncryptionTable(Table):
    kind: Literal["age", "none"] = Field(
        default="age",
        description='"age" seals every new archive for the recipients; "none" keeps them plain.',
    )
    recipients: list[str] | None = Field(
        default=None,
        max_length=100,
        description="Public keys (age1…, ssh-ed25519 …, ssh-rsa …); each of them alone can open "
        'what is sealed. Must be given for "age".',
    )
    identity_file: str | None = Field(
        default=None,
        min_length=1,
        description="File of the secret keys that open archives; relative to this file. Without "
        "it backups can be taken and stored, not read.",
    )


class SweepTable(Table):
    grace_hours: float = Field(
        default=24,
        ge=1,
        le=8760,
        description="How old what a stopped job left behind must be before it is swept.",
    )


class KeptTable(Table):
    """How long each kind is kept; None: what [retention] says."""

    daily_days: int | None = Field(
        default=None, ge=0, le=DAYS_MAX, description="The same, for this one only."
    )
    weekly_days: int | None = Field(
        default=None, ge=0, le=DAYS_MAX, description="The same, for this one only."
    )
    monthly_days: int | None = Field(
        default=None, ge=0, le=DAYS_MAX, description="The same, for this one only."
    )
    pre_deploy_days: int | None = Field(
        default=None, ge=0, le=DAYS_MAX, description="The same, for this one only."
    )
    manual_days: int | None = Field(
        default=None, ge=0, le=DAYS_MAX, description="The same, for this one only."
    )
    safety_days: int | None = Field(
        default=None, ge=0, le=DAYS_MAX, description="The same, for this one only."
    )
    floor: int | None = Field(
        default=None, ge=1, le=1000, description="The same, for this one only."
    )


class RetentionTable(Table):
    daily_days: int = Field(
        default=90,
        ge=0,
        le=DAYS_MAX,
        description="Days that daily backups are kept; 0: not for it.",
    )
    weekly_days: int = Field(
        default=365,
        ge=0,
        le=DAYS_MAX,
        description="Days that weekly backups are kept, and the daily that stands in for one.",
    )
    monthly_days: int = Field(
        default=2557,
        ge=0,
        le=DAYS_MAX,
        description="Days that monthly backups are kept, and what stands in for one: seven years.",
    )
    pre_deploy_days: int = Field(
        default=30, ge=0, le=DAYS_MAX, description="Days that pre-deploy backups are kept."
    )
    manual_days: int = Field(
        default=90, ge=0, le=DAYS_MAX, description="Days that manual backups are kept."
    )
    safety_days: int = Field(
        default=30,
        ge=0,
        le=DAYS_MAX,
        description="Days that safety backups are kept; never shorter than their undo.",
    )
    floor: int = Field(
        default=7,
        ge=1,
        le=1000,
        description="So many newest proven backups of a deployment are kept whatever their age.",
    )
    zone: str = Field(
        default="UTC",
        description="Zone of the calendar that weeks and months are of, such as Asia/Jakarta.",
    )
    grace_days: float = Field(
        default=7,
        ge=0,
        le=3650,
        description="Days that a removed backup's bytes stay, so that it can be brought back.",
    )
    cold_days: int = Field(
        default=365,
        ge=0,
        le=DAYS_MAX,
        description="Days after which monthlies rest in cold storage, in a vault that has it; "
        "0: never.",
    )
    pinned: list[str] = Field(
        default=[], max_length=10_000, description="Ids of backups that are kept for ever."
    )
    release_needs_second_person: bool = Field(
        default=False,
        description="A hold is released only when a second operator asks for it too, in Slack.",
    )
    release_within_hours: float = Field(
        default=24, gt=0, le=720, description="How long a wish to release waits for the second."
    )
    deployments: dict[str, KeptTable] = {}
    vaults: dict[str, KeptTable] = {}
