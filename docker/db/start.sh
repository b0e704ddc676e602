#!/bin/sh
# First start: make the cluster and the database; every start: run the server in the foreground.
set -eu
: "${HOTLINE_DB_PASSWORD:?set HOTLINE_DB_PASSWORD}"
if [ ! -s /data/PG_VERSION ]; then
    printf '%s' "$HOTLINE_DB_PASSWORD" > /tmp/password
    initdb -D /data -U hotline -A scram-sha-256 --pwfile=/tmp/password -E UTF8 --locale=C.UTF-8
    rm /tmp/password
    echo "host all all all scram-sha-256" >> /data/pg_hba.conf
    # Only through the socket, so that nobody connects before the database is there.
    pg_ctl -D /data -w -o "-c listen_addresses=''" start
    PGPASSWORD=$HOTLINE_DB_PASSWORD createdb -U hotline -h /var/run/postgresql -O hotline hotline
    pg_ctl -D /data -w stop
fi
exec postgres -D /data -c "listen_addresses=*"
