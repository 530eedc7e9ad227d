"""What a deployment may choose about images, and what its workers may do for it."""

import pytest

from tests.template.cloudformation import allowed_statements, as_list, source
from tickwell.adapters.aws.bedrock_images import DEFAULT_MODEL
from tickwell.settings.shared import ImageProvider, ImageSettings, LimitSettings


@pytest.mark.parametrize("role", ["WorkerRole", "HeavyWorkerRole"])
def test_only_the_chosen_provider_of_images_may_be_asked(role: str) -> None:
    def granted(**parameters: str) -> dict[str, str]:
        return {
            action: str(statement["Resource"])
            for holder, statement in allowed_statements(parameters)
            if holder == role
            for action in as_list(statement["Action"])
            if action.startswith("bedrock:") or "OpenAi" in str(statement["Resource"])
        }

    assert granted() == granted(ImageProvider="openai") == {}
    key = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:openai"
    assert granted(OpenAiKeyArn=key) == {"secretsmanager:GetSecretValue": "{'Ref': 'OpenAiKeyArn'}"}
    (resource,) = (bedrock := granted(ImageProvider="bedrock")).values()
    assert set(bedrock) == {"bedrock:InvokeModel"}
    assert ":foundation-model/${Model}" in resource
    assert DEFAULT_MODEL in resource


def test_the_parameters_of_images_have_the_defaults_of_their_settings() -> None:
    parameters, fields = source()["Parameters"], {**ImageSettings.model_fields, **LimitSettings.model_fields}
    for parameter, field in (
        ("ImageProvider", "image_provider"),
        ("OpenAiUrl", "openai_url"),
        ("ImagesPerQuarterHour", "images_per_quarter_hour"),
    ):
        assert parameters[parameter]["Default"] == fields[field].default
    assert parameters["ImageProvider"]["AllowedValues"] == [provider.value for provider in ImageProvider]
    assert parameters["ImageModel"]["Default"] == ""
