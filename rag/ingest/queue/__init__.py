"""A queue of work with leases: one ingest hands out units, any number of workers take, renew and finish them.

A worker that is killed loses its lease, and another does the unit again; storing twice changes nothing. Knows
nothing of files or of how documents are parsed and cut.

- `leases.py`: what the queue does, in SQL that SQLite and PostgreSQL both speak
- `sqlite.py`, `postgres.py`: the two databases it lives in; `open.py` chooses by URL
- `storing.py`: the ingest's side, puts units and keeps account of what is done
- `worker.py`: a worker's side, on this machine or another; `process.py` and `processes.py` run it
"""
