{{- /* Names are fixed: pods and certificates carry them, and a cluster has one operator. */ -}}
{{- define "otemon.name" -}}otemon-operator{{- end }}

{{- define "otemon.selector" -}}
app.kubernetes.io/name: {{ include "otemon.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "otemon.labels" -}}
{{ include "otemon.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- /* The image that the dictionary "image" describes, in the version of "chart" without a tag. */ -}}
{{- define "otemon.image" -}}
{{ .image.repository }}:{{ .image.tag | default .chart.AppVersion }}
{{- end }}
