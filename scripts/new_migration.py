"""Write the next migration from what the models say and no migration makes yet; to be read and tidied by a person."""

import sys
import tempfile

import alembic.command

from pulse_mailer.database import Database
from pulse_mailer.resources import migrations_dir


def main(title: str) -> None:
    number = 1 + max(
        (int(path.name[:4]) for path in (migrations_dir() / "versions").glob("0*.py")), default=0
    )
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/empty.db")
        database.upgrade()
        with database.migrating() as config:
            config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
            alembic.command.revision(config, title, autogenerate=True, rev_id=f"{number:04}")
        database.close()


if __name__ == "__main__":
    main(sys.argv[1])
