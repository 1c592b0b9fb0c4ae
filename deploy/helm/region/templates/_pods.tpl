{{/* What every pod of ours keeps to: Kubernetes' restricted profile. */}}
{{- define "crossdock.podSecurity" -}}
serviceAccountName: {{ include "crossdock.fullname" . }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "crossdock.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}

{{/* Pods of one part lie apart: (dict "root" $ "part" NAME "over" [zone, hostname]). */}}
{{- define "crossdock.spread" -}}
{{- $keys := dict "zone" "topology.kubernetes.io/zone" "hostname" "kubernetes.io/hostname" -}}
{{- if .over }}
topologySpreadConstraints:
  {{- range .over }}
  - maxSkew: 1
    topologyKey: {{ get $keys . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "crossdock.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* The environment of a service: (dict "root" $ "name" NAME "service" MERGED-BLOCK). */}}
{{- define "crossdock.env" -}}
{{- $values := .root.Values -}}
{{- $full := include "crossdock.fullname" .root -}}
{{- $inventory := get $values.services "inventory-sync" -}}
{{- $own := dict
  "REGION" $values.region
  "HOST" "0.0.0.0"
  "PORT" .service.port
  "NATS_URL" (include "crossdock.natsUrl" .root)
  "NATS_USER" .name
  "NATS_PASSWORD_FILE" (printf "/run/secrets/broker/nats-%s.password" .name)
  "REPLICAS" (include "crossdock.partitioned" .service)
-}}
{{- if ne $values.tls.mode "none" }}{{ $_ := set $own "NATS_CA_FILE" "/run/secrets/authority/ca.crt" }}{{ end -}}
{{- if $inventory }}{{ $_ := set $own "INVENTORY_URL" (printf "http://%s-inventory-sync:%v" $full $inventory.port) }}{{ end -}}
{{- if eq .name "control-tower" }}{{ $_ := set $own "SERVICES_URL" (printf "http://%s-{name}:{port}" $full) }}{{ end -}}
{{- with $values.monitoring.otlpUrl }}{{ $_ := set $own "OTLP_URL" . }}{{ end -}}
{{- if $values.sandbox.enabled }}{{ $own = merge (include "crossdock.sandboxUrls" .root | fromYaml) $own }}{{ end -}}
{{- range $key, $value := mergeOverwrite $own .service.settings }}
- name: CROSSDOCK_{{ $key }}
  value: {{ kindIs "map" $value | ternary ($value | toJson) ($value | toString) | quote }}
{{- end }}
- name: CROSSDOCK_ORDINAL
  valueFrom:
    fieldRef: {fieldPath: "metadata.labels['apps.kubernetes.io/pod-index']"}
- name: CROSSDOCK_DATABASE_URL
  valueFrom:
    secretKeyRef: {name: {{ include "crossdock.databaseSecret" .root }}, key: {{ .name }}}
{{- with .service.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* How many pods share the partitions of a service. */}}
{{- define "crossdock.partitioned" -}}
{{- ternary .replicas .autoscaling.min (eq .autoscaling.kind "none") -}}
{{- end -}}

{{/* Where the sandbox plays each outside system. */}}
{{- define "crossdock.sandboxUrls" -}}
{{- $at := printf "%s-sandbox" (include "crossdock.fullname" .) -}}
ERP_URL: http://{{ $at }}:8190/erp
WMS_URL: http://{{ $at }}:8190/wms
TMS_URL: http://{{ $at }}:8190/tms
SWIFTPARCEL_URL: http://{{ $at }}:8190/carriers/swiftparcel
NORDFREIGHT_URL: http://{{ $at }}:8190/carriers/nordfreight
CRM_URL: http://{{ $at }}:8190/crm
PORTAL_URL: http://{{ $at }}:8190/portal
SMTP_HOST: {{ $at }}
SMTP_PORT: "8191"
{{- end -}}

{{/* The Secret of a service's own secret files: its own, else the sandbox's. */}}
{{- define "crossdock.serviceSecret" -}}
{{- $trial := ternary (include "crossdock.trialSecret" .root) "" .root.Values.sandbox.enabled -}}
{{- default $trial .service.secrets.existingSecret -}}
{{- end -}}

{{/* The one disk of a server, named `data`. */}}
{{- define "crossdock.claim" -}}
- metadata: {name: data}
  spec:
    accessModes: [ReadWriteOnce]
    {{- with .className }}
    storageClassName: {{ . }}
    {{- end }}
    resources: {requests: {storage: {{ .size }}}}
{{- end -}}
