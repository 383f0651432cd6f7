"""What the kubelet's stand-in starts for the pods of an InferenceService: real servers, with what KServe says of them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

from stand import serving
from stand.front import Front
from stand.kubernetes import kubelet
from stand.kubernetes.api import Api, Object
from stand.names import SERVICE

HOSTS = {"predictor": "churn-predictor.ml-prod", "transformer": SERVICE}


class Traffic:
    """What a Service does: leads a component's name to the pod that got ready last."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._held = False
        self._newest: dict[str, serving.Pod] = {}
        self._target: dict[str, serving.Pod] = {}
        self._left: list[serving.Pod] = []

    def lead(self, component: str, pod: serving.Pod) -> None:
        """Lead to a pod that has just got ready; while the traffic is held, later."""
        self._newest[component] = pod
        if not self._held or component not in self._target:
            self._target[component] = pod
            self._front.proxy(HOSTS[component], pod.address)

    def leave(self, component: str, pod: serving.Pod) -> None:
        """End a pod that was deleted; one that holds the traffic, later."""
        if self._held and self._target.get(component) is pod:
            self._left.append(pod)
            return
        pod.stop()

    def hold(self) -> None:
        """Leave the traffic with the pods that have it, even when these are deleted."""
        self._held = True

    def resume(self) -> None:
        """Lead to the newest pods, and end the others."""
        self._held = False
        for component, pod in self._newest.items():
            self.lead(component, pod)
        while self._left:
            self._left.pop().stop()


class Running:
    """A server that was started for a pod."""

    def __init__(self, component: str, pod: serving.Pod, traffic: Traffic) -> None:
        self._component, self._pod, self._traffic = component, pod, traffic
        self._led = False

    def ready(self) -> bool:
        """Tell what the readiness probe says."""
        up = self._pod.ready()
        if up and not self._led:
            self._traffic.lead(self._component, self._pod)
            self._led = True
        return up

    def failure(self) -> str:
        """Tell why it ended, empty while it runs."""
        return self._pod.failure()

    def stop(self) -> None:
        """End it."""
        self._traffic.leave(self._component, self._pod)


class Starter:
    """Starts servers in folders of their own."""

    def __init__(self, api: Api, namespace: str, folder: Path, ports: Iterator[int], traffic: Traffic) -> None:
        self._api, self._namespace, self._folder, self._ports, self._traffic = api, namespace, folder, ports, traffic

    def __call__(self, asked: kubelet.Pod) -> Running:
        """Start what a pod is to run."""
        pod = self._predictor(asked) if asked.component == "predictor" else self._transformer(asked)
        pod.probe = pod.address + asked.container["readinessProbe"]["httpGet"]["path"]
        return Running(asked.component, pod, self._traffic)

    def _predictor(self, asked: kubelet.Pod) -> serving.Pod:
        port = next(self._ports)
        given = self._environment(asked.downloader) | self._environment(asked.container)
        return serving.predictor(asked.service, asked.storage_uri, self._folder / asked.name, port, given)

    def _transformer(self, asked: kubelet.Pod) -> serving.Pod:
        image, arguments = asked.container["image"], asked.container["args"]
        return serving.transformer(asked.service, image, arguments, self._folder / asked.name, next(self._ports))

    def _environment(self, container: Object) -> dict[str, str]:
        """The variables of a container, with what the namespace's secrets hold."""
        return {one["name"]: self._value(one) for one in container.get("env", [])}

    def _value(self, variable: Object) -> str:
        if "valueFrom" not in variable:
            return str(variable.get("value", ""))
        reference = variable["valueFrom"]["secretKeyRef"]
        secret = self._api.get("v1", "Secret", self._namespace, reference["name"]) or {}
        return base64.b64decode(secret["data"][reference["key"]]).decode()
