"""Small programs, deployed to the emulator."""

import json
import textwrap

import pytest
from botocore.exceptions import ClientError

from sandbox.deploy import DeployError, deploy

QUEUE = "aws:sqs/queue:Queue"
TABLE = """
    aws.dynamodb.Table("t", hash_key="id", attributes=[{"name": "id", "type": "S"}], billing_mode="PAY_PER_REQUEST",
                       deletion_protection_enabled=True)
"""


@pytest.fixture
def up(tmp_path, cloud):
    """Deploys the program that is given as text."""

    def run(program, to=cloud, **config):
        (tmp_path / "Pulumi.yaml").write_text("{name: tiny, runtime: python}")
        start = "import json, pulumi\nimport pulumi_aws as aws\n"
        (tmp_path / "__main__.py").write_text(start + textwrap.dedent(program))
        return deploy("dev", {f"tiny:{key}": value for key, value in config.items()}, to, root=tmp_path)

    return run


def test_outputs_are_plain_values_without_secret_marks(up):
    deployed = up(
        """
        queue = aws.sqs.Queue("q", visibility_timeout_seconds=31, tags={"a": "b"})
        pulumi.export("queue", {"url": queue.url, "names": [queue.name]})
        pulumi.export("secret", pulumi.Output.secret("s3cret"))
        pulumi.export("who", pulumi.Config().require("who") + pulumi.get_stack() + pulumi.get_project())
    """,
        who="me",
    )
    assert json.loads(json.dumps(deployed.outputs)) == deployed.outputs
    assert deployed.outputs["secret"] == "s3cret"
    assert deployed.outputs["who"] == "medevtiny"
    assert [(type_, id_) for type_, id_, _ in deployed.made] == [(QUEUE, deployed.outputs["queue"]["url"])]


def test_two_resources_of_one_name_are_refused(up):
    with pytest.raises(DeployError, match=r"duplicate resource URN .*Queue::q"):
        up('aws.sqs.Queue("q"); aws.sqs.Queue("q")')


def test_an_error_of_the_program_is_told_in_its_words(up):
    with pytest.raises(DeployError, match=r"ValueError: reminders must be in 0\.\.20"):
        up('aws.sqs.Queue("q"); raise ValueError("reminders must be in 0..20")')


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('raise pulumi.RunError("no ledger without a name")', "no ledger without a name"),
        ('pulumi.Config().require("ledger")', "Missing required configuration variable 'tiny:ledger'"),
    ],
)
def test_what_the_engine_shows_without_a_traceback_is_told_in_the_words_alone(up, line, said):
    with pytest.raises(DeployError) as raised:
        up(line)
    assert str(raised.value).startswith(said)


def test_a_resource_that_fails_is_told_by_name_and_what_depends_on_it_is_not_made(up, cloud):
    with pytest.raises(DeployError, match=r"aws:sqs/queue:Queue 'bad@': AWS refuses"):
        up("""
            bad = aws.sqs.Queue("bad@")
            aws.sns.Topic("never", display_name=bad.name)
        """)
    assert not [t for t in cloud.client("sns").list_topics()["Topics"] if "never" in t["TopicArn"]]


def test_a_function_of_the_provider_is_not_answered(up):
    with pytest.raises(DeployError, match=r"the program calls aws:index/getRegion:getRegion"):
        up("pulumi.export('region', aws.get_region_output().region)")


def test_what_is_protected_stops_a_destruction_that_can_be_taken_up_again(up, cloud):
    deployed = up(f"aws.sqs.Queue('first')\n{textwrap.dedent(TABLE)}")
    (table,) = [id_ for type_, id_, _ in deployed.made if type_ != QUEUE]
    with pytest.raises(ClientError, match="protect"):
        deployed.destroy()
    cloud.client("dynamodb").update_table(TableName=table, DeletionProtectionEnabled=False)
    deployed.destroy()
    assert not deployed.made
    assert table not in cloud.client("dynamodb").list_tables()["TableNames"]
