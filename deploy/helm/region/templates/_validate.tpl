{{/* What the schema cannot say: each refusal names the key and what to do. */}}
{{- define "crossdock.validate" -}}
{{- $values := .Values -}}
{{- if eq $values.nats.mode "external" -}}
  {{- if not $values.nats.external.url }}{{ fail "nats.external.url is needed with nats.mode=external" }}{{ end -}}
  {{- if not $values.auth.existingSecret }}{{ fail "auth.existingSecret is needed with nats.mode=external: the broker knows its passwords already" }}{{ end -}}
{{- end -}}
{{- if and (eq $values.database.mode "external") (not $values.database.existingSecret) -}}
  {{- fail "database.existingSecret is needed with database.mode=external; database.mode=embedded is for trials" -}}
{{- end -}}
{{- if and (eq $values.database.mode "embedded") $values.database.existingSecret -}}
  {{- fail "database.existingSecret goes with database.mode=external" -}}
{{- end -}}
{{- if and (eq $values.tls.mode "existingSecret") (not $values.tls.existingSecret) }}{{ fail "tls.existingSecret is needed with tls.mode=existingSecret" }}{{ end -}}
{{- if and (eq $values.tls.mode "certManager") (not $values.tls.issuerRef.name) }}{{ fail "tls.issuerRef.name is needed with tls.mode=certManager" }}{{ end -}}
{{- if and $values.nats.leaves $values.hub.address }}{{ fail "nats.leaves is a hub's, hub.address a region's: set one" }}{{ end -}}
{{- $tower := index $values.services "control-tower" | default dict -}}
{{- if and $values.hub.address (ne (toString $tower.enabled) "false") }}{{ fail "services.control-tower.enabled must be false with hub.address: a region that joins a hub has its tower there" }}{{ end -}}
{{- if and $values.ingress.enabled (not $values.ingress.host) }}{{ fail "ingress.host is needed with ingress.enabled" }}{{ end -}}
{{- if and $values.gatewayApi.enabled (not $values.gatewayApi.parentRef.name) }}{{ fail "gatewayApi.parentRef.name is needed with gatewayApi.enabled" }}{{ end -}}
{{- range $name, $block := $values.services -}}
  {{- $service := include "crossdock.service" (dict "root" $ "service" $block) | fromYaml -}}
  {{- if and $service.enabled (eq $service.autoscaling.kind "keda") (not $values.monitoring.prometheusUrl) -}}
    {{- fail (printf "monitoring.prometheusUrl is needed: services.%s.autoscaling.kind is keda" $name) -}}
  {{- end -}}
  {{- if gt (int $service.autoscaling.min) (int $service.autoscaling.max) }}{{ fail (printf "services.%s.autoscaling.min is greater than max" $name) }}{{ end -}}
{{- end -}}
{{- end -}}
