"""How is it noticed that an organization's newest audit events are missing?"""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

FILL = """UPDATE organization
    SET audit_length = (SELECT count(*) FROM audit_event e WHERE e.organization_id = organization.id)"""


class Migration(migrations.Migration):
    dependencies = [("domain", "0006_organization_track")]

    initial = False

    operations = [
        # Rows that are there already get their value before it is required.
        ops.AddField(model_name="Organization", name="audit_length", field=fields.BigIntField(null=True)),
        ops.RunSQL(FILL),
        ops.RunSQL("ALTER TABLE organization ALTER COLUMN audit_length SET DEFAULT 0"),
        ops.AlterField(model_name="Organization", name="audit_length", field=fields.BigIntField(default=0)),
    ]
