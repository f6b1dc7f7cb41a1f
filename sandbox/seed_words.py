"""The vocabulary of the seeded app: an Indonesian region's treasury.

Each tuple holds JSON texts, quoted already, so that a row is made by joining text alone. Among
them are the letters that break careless readers of text: Javanese script, a letter past the
sixteen-bit plane, U+2028, quotes and line breaks.
"""

import json


def _texts(*words: str) -> tuple[str, ...]:
    return tuple(json.dumps(word, ensure_ascii=False) for word in words)


AGENCIES = _texts(
    "Dinas Pendidikan",
    "Dinas Kesehatan",
    "Dinas Pekerjaan Umum dan Penataan Ruang",
    "Badan Keuangan dan Aset Daerah",
    "Dinas Sosial",
    "Dinas Perhubungan",
    "Sekretariat Daerah",
    "Kecamatan Ngaglik (ꦔꦒ꧀ꦭꦶꦏ꧀)",
    "RSUD “Bhakti Husada”",
    "Dinas Pariwisata & Ekonomi Kreatif",
)
ACTIVITIES = _texts(
    "Pembangunan ruang kelas baru",
    "Pengadaan obat dan vaksin",
    "Pemeliharaan rutin jalan kabupaten",
    "Bantuan sosial lanjut usia",
    "Rehabilitasi puskesmas pembantu",
    "Penyediaan jasa administrasi perkantoran",
    "Pelatihan operator SIPD\nangkatan II",
    'Festival "Sekaten" dan pasar malam',
)
ITEMS = _texts(
    "Belanja alat tulis kantor",
    "Belanja makanan dan minuman rapat",
    "Honorarium narasumber",
    "Perjalanan dinas dalam kota",
    "Semen portland 50\u00a0kg",
    "Sewa kendaraan (Δ harga 𝛑)",
)
PEOPLE = _texts(
    "Siti Nurhaliza",
    "Budi Santoso",
    "I Gusti Ayu Ratna",
    "Ahmad Fauzi",
    "Maria Goreti Tae",
    "R. Ng. Ranggawarsita",
    "Teuku Iskandar",
    "Désirée Pattipeilohy",
)
NOTES = _texts(
    "",
    "Lengkap, siap diproses.",
    "Kurang kuitansi; dikembalikan ke bendahara.",
    "Sudah diverifikasi PPK-SKPD\u2028lihat lampiran.",
    "Perbaikan nilai sesuai DPA perubahan.\tLihat baris 3.",
    "C:\\arsip\\2026\\npd dipindai ulang",
)
ROLES = _texts("bendahara", "ppk", "pptk", "kuasa_bud", "pengguna_anggaran")
STATUSES = _texts("draft", "submitted", "verified", "approved", "disbursed", "returned")
BANKS = _texts("BPD DIY", "Bank Jateng", "BRI", "BNI", "Bank Mandiri")
ACTIONS = _texts("create", "update", "approve", "return", "disburse", "export", "login")
AGENTS = _texts(
    "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/139.0 Safari/537.36",
    "okhttp/4.12.0",
)
PARAGRAPHS = _texts(
    "Permintaan ini diajukan untuk membiayai kegiatan sebagaimana tercantum dalam DPA tahun "
    "berjalan, dengan rincian terlampir dan telah diperiksa oleh pejabat pelaksana teknis.",
    "Pencairan dilakukan bertahap: tahap pertama empat puluh persen setelah kontrak ditanda-"
    "tangani, sisanya setelah berita acara serah terima; denda keterlambatan 1‰ per hari.",
    "Dasar: Peraturan Bupati No. 12/2026 § 7 ayat (3) “tata cara pembayaran”; surat Kepala Dinas "
    "tertanggal 3 Maret; kuitansi asli disimpan bendahara pengeluaran pembantu.",
)
