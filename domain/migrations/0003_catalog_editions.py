"""Where are the catalog's editions kept, and what keeps those in force as they are?"""

import functools
from json import dumps, loads

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

GUARANTEES = [
    """ALTER TABLE catalog_edition
        ADD CONSTRAINT one_edition_per_date UNIQUE (effective_from),
        ADD CONSTRAINT edition_is_not_in_force_before_its_date
            CHECK (in_force_from >= effective_from::timestamp AT TIME ZONE 'UTC')""",
    # R15: what was in force at an instant stays in force for questions about it; the importing instant is the clock.
    """CREATE FUNCTION refuse_change_of_edition_in_force() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' AND (OLD.in_force_from > NEW.imported_at
                OR (OLD.key, OLD.effective_from, OLD.in_force_from)
                    = (NEW.key, NEW.effective_from, NEW.in_force_from)) THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION 'edition % stays', OLD.key USING ERRCODE = 'integrity_constraint_violation';
        END $$""",
    """CREATE TRIGGER edition_in_force_stays BEFORE UPDATE OR DELETE ON catalog_edition
        FOR EACH ROW EXECUTE FUNCTION refuse_change_of_edition_in_force()""",
]


class Migration(migrations.Migration):
    dependencies = [("domain", "0002_guarantees")]

    initial = False

    operations = [
        ops.CreateModel(
            name="CatalogEdition",
            fields=[
                ("key", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ("effective_from", fields.DateField()),
                ("in_force_from", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("imported_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("document", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
            ],
            options={
                "table": "catalog_edition",
                "app": "domain",
                "pk_attr": "key",
                "table_description": "The requirements in force from an instant on, as the document that said so; once in force it stays as it is.",
            },
            bases=["Model"],
        ),
        *(ops.RunSQL(sql) for sql in GUARANTEES),
    ]
