{{- define "sluice.name" -}}
{{- if contains "sluice" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-sluice" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "sluice.selector" -}}
app.kubernetes.io/name: sluice
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "sluice.labels" -}}
{{ include "sluice.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "sluice.serviceAccount" -}}
{{- if .Values.serviceAccount.name }}{{ .Values.serviceAccount.name }}{{ else if .Values.serviceAccount.create }}{{ include "sluice.name" . }}{{ else }}default{{ end }}
{{- end }}

{{- define "sluice.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- /* Without sign-in the console listens on its own loopback: kubectl port-forward reaches it, nobody else. */}}
{{- define "sluice.hasSignIn" -}}
{{- if (default dict .Values.config.console).auth }}yes{{ end }}
{{- end }}

{{- /* Where the parts listen is the chart's to say: probes, Services and policies rest on it. */}}
{{- define "sluice.config" -}}
{{- $console := ternary (dict "host" "0.0.0.0" "port" 8081) (dict "port" 8081) (eq (include "sluice.hasSignIn" .) "yes") }}
{{- $own := dict "intake" (dict "host" "0.0.0.0" "port" 8080) "console" $console "monitoring" (dict "host" "0.0.0.0" "port" 9091) "worker" (dict "host" "0.0.0.0" "port" 9090 "scratch" "/scratch") }}
{{- toYaml (mergeOverwrite (deepCopy .Values.config) $own) }}
{{- end }}

{{- define "sluice.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "sluice.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "sluice.env" -}}
{{- range .Values.env }}
- name: {{ .name }}
  valueFrom: { secretKeyRef: { name: {{ .secret }}, key: {{ .key }} } }
{{- end }}
{{- end }}

{{- define "sluice.mounts" -}}
- { name: config, mountPath: /etc/sluice, readOnly: true }
- { name: tmp, mountPath: /tmp }
{{- range $index, $file := .Values.secretFiles }}
- { name: secret-{{ $index }}, mountPath: {{ $file.mountPath }}, readOnly: true }
{{- end }}
{{- end }}

{{- define "sluice.volumes" -}}
- { name: config, configMap: { name: {{ .config }} } }
- { name: tmp, emptyDir: { sizeLimit: 100Mi } }
{{- range $index, $file := .root.Values.secretFiles }}
- { name: secret-{{ $index }}, secret: { secretName: {{ $file.secret }}, defaultMode: 288 } }
{{- end }}
{{- end }}

{{- define "sluice.placement" -}}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{- range . }}
  - { name: {{ . }} }
{{- end }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "sluice.selector" . | nindent 8 }}
{{- end }}

{{- define "sluice.podAnnotations" -}}
checksum/config: {{ include "sluice.config" .root | sha256sum }}
{{- with .root.Values.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "sluice.probe" -}}
startupProbe:
  httpGet: { path: /healthz, port: {{ .port }} }
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /healthz, port: {{ .port }} }
  periodSeconds: 20
  timeoutSeconds: 5
  failureThreshold: 3
readinessProbe:
  httpGet: { path: {{ .ready }}, port: {{ .port }} }
  periodSeconds: 5
  timeoutSeconds: 5
{{- end }}
