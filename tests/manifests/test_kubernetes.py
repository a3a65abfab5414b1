"""The shipped Kubernetes files: right by the API's types, safe, and in agreement with the bot."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from bot.bootstrap.process import STOP_LIMIT_S
from bot.settings import Settings, environment_name
from bot.web import asgi_app, described
from tests.bot.web.site import deps_for
from tests.manifests.cluster import BASE, EXAMPLE, FOLDER, Json, container, documents, files, named, pod, typed
from tools.incident_store.database import Database

WORKLOADS = ["agentops", "agentops-chroma"]
SETTINGS = {environment_name(field): field for field in Settings.model_fields}
HOLDS_A_PASSWORD = {"AGENTOPS_DATABASE_URL"}
"""Not a secret by type, but its value has the password in it."""
README = (FOLDER / "README.md").read_text(encoding="utf-8")


def is_secret(field: str) -> bool:
    return "SecretStr" in str(Settings.model_fields[field].annotation)


def objects() -> list[Any]:
    return [
        pytest.param(one, id=f"{path.stem}-{one['kind']}-{one['metadata']['name']}")
        for path in files()
        for one in documents(path)
    ]


def variables() -> list[Json]:
    return container("agentops")["env"]


def secrets() -> dict[str, Json]:
    return {one["name"]: one["valueFrom"]["secretKeyRef"] for one in variables() if "secretKeyRef" in str(one)}


@pytest.mark.parametrize("document", objects())
def test_every_object_is_one_of_the_kubernetes_api(document: Json) -> None:
    typed(document)


def test_a_field_that_the_api_does_not_know_is_refused() -> None:
    document = named("StatefulSet", "agentops")
    document["spec"]["template"]["spec"]["containers"][0]["readinessprobe"] = {}
    with pytest.raises(ValidationError, match="readinessprobe"):
        typed(document)


def test_the_kustomization_names_every_file_of_its_folder() -> None:
    for folder in (BASE, EXAMPLE):
        (kustomization,) = documents(folder / "kustomization.yaml")
        there = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
        assert {name for name in kustomization["resources"] if name.endswith(".yaml")} == there


def test_the_overlay_makes_the_files_that_the_bot_reads() -> None:
    (kustomization,) = documents(EXAMPLE / "kustomization.yaml")
    (made,) = kustomization["configMapGenerator"]
    (volume,) = [one for one in pod("agentops")["volumes"] if "configMap" in one]
    (mount,) = [one for one in container("agentops")["volumeMounts"] if one["name"] == volume["name"]]
    read = {one["value"] for one in variables() if one["name"] in {"AGENTOPS_MODELS_FILE", "AGENTOPS_POLICY_FILE"}}
    assert made["name"] == volume["configMap"]["name"]
    assert {f"{mount['mountPath']}/{name}" for name in made["files"]} == read


def test_every_variable_is_a_setting_and_its_value_is_taken() -> None:
    given = {one["name"]: one["value"] for one in variables() if "value" in one}
    assert {one["name"] for one in variables()} <= SETTINGS.keys()
    settings = Settings.model_validate({SETTINGS[name]: value for name, value in given.items()})
    assert settings.host == "0.0.0.0"  # noqa: S104 all addresses of the pod
    assert settings.chroma_url is not None


def test_every_secret_is_a_reference_and_every_reference_a_secret() -> None:
    expected = {name for name, field in SETTINGS.items() if is_secret(field)} | HOLDS_A_PASSWORD
    assert set(secrets()) == expected
    assert {one["name"] for one in secrets().values()} == {"agentops"}


def test_what_the_bot_cannot_start_without_is_not_optional() -> None:
    needed = {name for name, reference in secrets().items() if not reference.get("optional", False)}
    assert needed == {
        "AGENTOPS_DATABASE_URL",
        "SLACK_BOT_TOKEN",
        "AGENTOPS_WEBHOOK_TOKENS",
        "AGENTOPS_METRICS_TOKEN",
        "AGENTOPS_AWS_EXTERNAL_ID",
    }


def test_the_readme_lists_the_keys_of_the_secret() -> None:
    listed = dict(re.findall(r"^ *\| `([a-z-]+)` \| `(\w+)` \|", README, re.MULTILINE))
    assert listed == {reference["key"]: name for name, reference in secrets().items()}


def test_the_readme_names_only_settings_and_files_that_are_there() -> None:
    assert set(re.findall(r"\bAGENTOPS_[A-Z_]+[A-Z]\b", README)) <= SETTINGS.keys()
    links = re.findall(r"\]\(([^)#\s]+)\)", README)
    assert links and [link for link in links if not (FOLDER / link).exists()] == []


def test_no_file_holds_a_secret() -> None:
    assert [one for path in files() for one in documents(path) if one["kind"] == "Secret"] == []


def test_the_executor_id_is_the_pods_own_name() -> None:
    (one,) = [one for one in variables() if one["name"] == "AGENTOPS_EXECUTOR_ID"]
    assert one["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}


def test_probes_ask_addresses_that_the_bot_serves(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'never-opened.sqlite'}")
    served = described(asgi_app(deps_for(database, [])))["paths"]
    bot = container("agentops")
    asked = {kind: bot[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")}
    assert asked == {"startup": "/healthz", "readiness": "/readyz", "liveness": "/healthz"}
    assert {*asked.values(), "/metrics", "/webhooks/alertmanager"} <= served.keys()


@pytest.mark.parametrize(("name", "port"), [("agentops", 8080), ("agentops-chroma", 8000)])
def test_ports_agree_from_the_process_to_the_network_policy(name: str, port: int) -> None:
    assert [one["containerPort"] for one in container(name)["ports"]] == [port]
    services = [name, *(["agentops-replicas"] if name == "agentops" else [])]
    assert [one["port"] for service in services for one in named("Service", service)["spec"]["ports"]] == [port] * len(
        services
    )
    for rule in named("NetworkPolicy", name)["spec"]["ingress"]:
        assert [one["port"] for one in rule["ports"]] == [port]
    process = str([one.get("value") for one in variables()]) if name == "agentops" else str(container(name)["command"])
    assert f"'{port}'" in process
    if name == "agentops-chroma":
        (url,) = [one["value"] for one in variables() if one["name"] == "AGENTOPS_CHROMA_URL"]
        assert url == f"http://{name}:{port}"


@pytest.mark.parametrize("name", WORKLOADS)
def test_pods_have_no_rights_that_they_do_not_need(name: str) -> None:
    spec, inner = pod(name), container(name)["securityContext"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert inner == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
    assert not any("hostPath" in volume for volume in spec["volumes"])
    assert {"cpu", "memory", "ephemeral-storage"} <= container(name)["resources"]["requests"].keys()
    assert {"memory", "ephemeral-storage"} <= container(name)["resources"]["limits"].keys()


def test_the_namespace_refuses_pods_with_more_rights() -> None:
    assert named("Namespace", "agentops")["metadata"]["labels"] == {"pod-security.kubernetes.io/enforce": "restricted"}


def test_the_bot_has_longer_to_stop_than_it_takes() -> None:
    assert pod("agentops")["terminationGracePeriodSeconds"] > STOP_LIMIT_S


def test_two_replicas_never_share_a_node_and_are_drained_one_at_a_time() -> None:
    labels = named("StatefulSet", "agentops")["spec"]["selector"]["matchLabels"]
    assert named("StatefulSet", "agentops")["spec"]["replicas"] == 2
    hosts = [one for one in pod("agentops")["topologySpreadConstraints"] if one["topologyKey"].endswith("/hostname")]
    assert [(one["maxSkew"], one["whenUnsatisfiable"]) for one in hosts] == [(1, "DoNotSchedule")]
    assert hosts[0]["labelSelector"]["matchLabels"] == labels
    budget = named("PodDisruptionBudget", "agentops")["spec"]
    assert (budget["maxUnavailable"], budget["selector"]["matchLabels"]) == (1, labels)


@pytest.mark.parametrize(
    ("kind", "name", "workload"),
    [
        ("Service", "agentops", "agentops"),
        ("Service", "agentops-replicas", "agentops"),
        ("Service", "agentops-chroma", "agentops-chroma"),
    ],
)
def test_a_service_finds_its_pods(kind: str, name: str, workload: str) -> None:
    template = named("StatefulSet", workload)["spec"]["template"]["metadata"]["labels"]
    assert named(kind, name)["spec"]["selector"] == template


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_stateful_set_has_its_service_and_its_pods_their_policy(name: str) -> None:
    whole = named("StatefulSet", name)["spec"]
    labels = whole["template"]["metadata"]["labels"]
    assert named("Service", whole["serviceName"])["spec"]["selector"] == labels == whole["selector"]["matchLabels"]
    policy = named("NetworkPolicy", name)["spec"]
    assert policy["podSelector"]["matchLabels"] == labels
    assert policy["policyTypes"] == ["Ingress", "Egress"]


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_mount_has_its_volume(name: str) -> None:
    whole = named("StatefulSet", name)["spec"]
    volumes = {one["name"] for one in pod(name)["volumes"]}
    volumes |= {one["metadata"]["name"] for one in whole.get("volumeClaimTemplates", [])}
    assert {one["name"] for one in container(name)["volumeMounts"]} == volumes


def test_the_bot_reaches_its_partners_and_not_the_nodes_metadata() -> None:
    egress: list[Json] = named("NetworkPolicy", "agentops")["spec"]["egress"]
    ports = {(one["protocol"], one["port"]) for rule in egress for one in rule["ports"]}
    assert ports == {("UDP", 53), ("TCP", 53), ("TCP", 8000), ("TCP", 9090), ("TCP", 5432), ("TCP", 443), ("TCP", 80)}
    everywhere = [
        peer["ipBlock"] for rule in egress for peer in rule["to"] if peer.get("ipBlock", {}).get("cidr") == "0.0.0.0/0"
    ]
    assert everywhere == [{"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}]


def test_only_the_bot_gets_into_chroma_and_nothing_gets_out() -> None:
    policy = named("NetworkPolicy", "agentops-chroma")["spec"]
    (rule,) = policy["ingress"]
    bot = named("StatefulSet", "agentops")["spec"]["selector"]["matchLabels"]
    assert rule["from"] == [{"podSelector": {"matchLabels": bot}}]
    assert policy["egress"] == []


def test_one_image_serves_the_bot_and_chroma_so_that_their_versions_agree() -> None:
    (kustomization,) = documents(EXAMPLE / "kustomization.yaml")
    images = {container(name)["image"] for name in WORKLOADS}
    assert {image.partition(":")[0] for image in images} == {one["name"] for one in kustomization["images"]}
    assert len(images) == 1


def test_the_readmes_scrape_config_asks_each_replica() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    (job,) = yaml.safe_load(block)["scrape_configs"]
    (discovery,) = job["dns_sd_configs"]
    service = named("Service", "agentops-replicas")
    assert discovery["names"] == [f"{service['metadata']['name']}.agentops.svc"]
    assert discovery["port"] == service["spec"]["ports"][0]["port"]
    assert service["spec"]["clusterIP"] == "None"
