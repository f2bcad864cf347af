# One image for every service of docker-compose.yaml. Of the base only Python, curl and the user stay in use: what runs is
# the lock, in an environment of its own, as `make` installs it.
FROM apache/airflow:slim-3.3.2-python3.12

USER 0
# New volumes take owner and mode from here. The archive is its owner's alone.
RUN install --directory --owner=airflow --group=root --mode=0700 /var/lib/cchc \
    && install --directory --owner=airflow --group=root --mode=0755 /opt/cchc /var/log/cchc /srv/inbox /srv/demo
USER 50000
WORKDIR /opt/cchc

COPY --chown=airflow:root requirements.txt ./
RUN python -m venv .venv \
    && PIP_USER=false .venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
        --no-deps --require-hashes --only-binary=:all: --requirement requirements.txt
ENV PATH=/opt/cchc/.venv/bin:$PATH \
    PYTHONPATH=/opt/cchc/plugins:/opt/cchc \
    PYTHONDONTWRITEBYTECODE=1

COPY --chown=airflow:root dags/ dags/
COPY --chown=airflow:root include/ include/
COPY --chown=airflow:root plugins/ plugins/
COPY --chown=airflow:root simulator/ simulator/

# The base's own entry point waits for databases and makes users; here the compose file does that.
ENTRYPOINT []
CMD ["airflow", "version"]
