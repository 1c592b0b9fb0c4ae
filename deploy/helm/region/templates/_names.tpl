{{/* Start of all object names. */}}
{{- define "crossdock.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $full .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Labels of an object: (dict "root" $ "part" NAME). */}}
{{- define "crossdock.labels" -}}
{{ include "crossdock.selector" . }}
app.kubernetes.io/part-of: crossdock
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
crossdock/region: {{ .root.Values.region }}
{{- end -}}

{{/* Labels that select the pods of a part. */}}
{{- define "crossdock.selector" -}}
app.kubernetes.io/name: crossdock
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end -}}

{{/* Address of one of our images: (dict "root" $ "name" NAME "tag" TAG). */}}
{{- define "crossdock.image" -}}
{{- $image := .root.Values.image -}}
{{- $tag := coalesce .tag $image.tag .root.Chart.AppVersion -}}
{{- printf "%s/%s/%s:%s" $image.registry $image.repository .name $tag | trimPrefix "/" -}}
{{- end -}}

{{/* Address of somebody else's image. */}}
{{- define "crossdock.foreignImage" -}}
{{- printf "%s/%s:%s" .registry .repository .tag | trimPrefix "/" -}}
{{- end -}}

{{/* Secrets: of the broker's passwords, of the databases' URLs, of the broker's certificate; and where the broker is. */}}
{{- define "crossdock.trialSecret" -}}{{ include "crossdock.fullname" . }}-trial{{- end -}}
{{- define "crossdock.authSecret" -}}{{ default (include "crossdock.trialSecret" .) .Values.auth.existingSecret }}{{- end -}}
{{- define "crossdock.databaseSecret" -}}{{ default (include "crossdock.trialSecret" .) .Values.database.existingSecret }}{{- end -}}
{{- define "crossdock.tlsSecret" -}}
{{- ternary (printf "%s-nats-tls" (include "crossdock.fullname" .)) .Values.tls.existingSecret (eq .Values.tls.mode "certManager") -}}
{{- end -}}
{{- define "crossdock.natsUrl" -}}
{{- if eq .Values.nats.mode "external" -}}
{{ .Values.nats.external.url }}
{{- else -}}
{{ ternary "nats" "tls" (eq .Values.tls.mode "none") }}://{{ include "crossdock.fullname" . }}-nats:4222
{{- end -}}
{{- end -}}

{{/* Where the servers of the embedded cluster listen for each other; nothing of a server that stands alone. */}}
{{- define "crossdock.natsMembers" -}}
{{- $full := printf "%s-nats" (include "crossdock.fullname" .) -}}
{{- $members := list -}}
{{- if gt (int .Values.nats.replicas) 1 -}}
{{- range until (int .Values.nats.replicas) }}{{ $members = append $members (printf "%s-%d.%s-peers:6222" $full . $full) }}{{ end -}}
{{- end -}}
{{- join "," $members -}}
{{- end -}}

{{/* A service's block over the defaults, as YAML: (dict "root" $ "service" BLOCK). */}}
{{- define "crossdock.service" -}}
{{- mergeOverwrite (deepCopy .root.Values.defaults) (deepCopy (default dict .service)) | toYaml -}}
{{- end -}}

{{/* Names of the services that run here, with commas between. */}}
{{- define "crossdock.running" -}}
{{- $names := list -}}
{{- range $name, $block := .Values.services -}}
{{- if (include "crossdock.service" (dict "root" $ "service" $block) | fromYaml).enabled }}{{ $names = append $names $name }}{{ end -}}
{{- end -}}
{{- $names | sortAlpha | join "," -}}
{{- end -}}
