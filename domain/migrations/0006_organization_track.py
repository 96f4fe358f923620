"""What does the database guarantee of an organization's track?"""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from domain.rules.enums import Track

GUARANTEES = [
    # ALL is the track of programs that have no choice; nobody is on it.
    """ALTER TABLE organization
        ADD CONSTRAINT organization_track_is_a_choice CHECK (track IN ('ENTERPRISE', 'SMB'))""",
]


class Migration(migrations.Migration):
    dependencies = [("domain", "0005_members")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Organization",
            name="track",
            field=fields.CharEnumField(null=True, description="Track", enum_type=Track, max_length=40),
        ),
        *(ops.RunSQL(sql) for sql in GUARANTEES),
    ]
