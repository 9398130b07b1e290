#!/bin/sh
# The script of the job test:api:dev. It connects to both services by their names in the job network.
# The image of the job needs psql and redis-cli.
set -eu

wait_for() { # NAME COMMAND…: retries the command for up to a minute
    name=$1
    shift
    tries=60
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        if [ "$tries" -eq 0 ]; then
            echo "$name does not answer" >&2
            exit 1
        fi
        sleep 1
    done
    echo "$name answers"
}

wait_for db pg_isready --host db --username postgres
wait_for cache redis-cli -h cache ping

psql --host db --username postgres --quiet <<'SQL'
create table visits (page text primary key, hits integer not null);
insert into visits values ('/', 2), ('/about', 1);
SQL
hits=$(psql --host db --username postgres --tuples-only --no-align --command 'select sum(hits) from visits')
redis-cli -h cache set hits "$hits" >/dev/null
kept=$(redis-cli -h cache get hits)

[ "$kept" = 3 ] || {
    echo "expected 3 hits in the cache, found $kept" >&2
    exit 1
}
echo "the database and the cache agree: $kept hits"
