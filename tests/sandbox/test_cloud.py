"""Clients of the emulator, on machines whose AWS settings are for another place."""

from __future__ import annotations

import pytest

from sandbox import cloud
from sandbox.cloud import Cloud

SETTINGS = {
    "AWS_PROFILE": "nope",
    "AWS_CONFIG_FILE": "{broken}",
    "AWS_SHARED_CREDENTIALS_FILE": "{broken}",
    "HOME": "{home}",
    "AWS_DEFAULTS_MODE": "nonsense",
    "AWS_STS_REGIONAL_ENDPOINTS": "nonsense",
    "AWS_REQUEST_CHECKSUM_CALCULATION": "nonsense",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "nonsense",
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_client_takes_none_of_a_developers_aws_settings(name, monkeypatch, tmp_path):
    broken = tmp_path / ".aws/config"
    broken.parent.mkdir()
    broken.write_text("[default\nregion")
    monkeypatch.setenv(name, SETTINGS[name].format(broken=broken, home=tmp_path))
    monkeypatch.setattr(cloud, "session", cloud.session.__wrapped__)  # not the one that other tests have made
    client = Cloud(endpoint="http://127.0.0.1:9", region="eu-central-1").client("sqs")
    assert (client.meta.endpoint_url, client.meta.region_name) == ("http://127.0.0.1:9", "eu-central-1")
    assert client._get_credentials().token is None
