"""The PostgreSQL warehouse: connections, migrations, publish, checksum. SQL lives in include/sql/."""
