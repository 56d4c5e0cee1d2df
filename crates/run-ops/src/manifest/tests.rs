use proptest::prelude::*;
use run_api::Workload;
use run_api::types::{Job, Service};
use serde_json::json;

use super::*;

/// Shapes that manifests in the wild have; all names are made up.
const SIDECARS: &str = r#"# A licence, say.

apiVersion: serving.knative.dev/v1
kind: Service
# [START metadata]
metadata:
  name: "SHOP_NAME"
  labels:
    cloud.googleapis.com/location: "REGION"
  annotations:
    # A preview
    run.googleapis.com/launch-stage: BETA
    run.googleapis.com/description: two containers and a half
spec:
  template:
    metadata:
      annotations:
        run.googleapis.com/execution-environment: gen1 #or gen2
        run.googleapis.com/container-dependencies: '{"front":["back"]}'
        run.googleapis.com/secrets: "%KEY%:projects/%PROJECT%/secrets/%KEY%"
    spec:
      containers:
        - image: docker.io/shop/front
          name: front
          ports:
            - name: http1
              containerPort: 8080
          env:
          - name: BACK_PORT
            value: "5432"
          - name: TOKEN
            valueFrom:
              secretKeyRef: {name: token, key: latest}
          resources:
            limits:
              cpu: 500m
              memory: 256Mi
          volumeMounts:
            - name: settings
              readOnly: true
              mountPath: /etc/front/
          startupProbe:
            timeoutSeconds: 240
            periodSeconds: 240
            failureThreshold: 1
            tcpSocket:
              port: 8080
        - image: docker.io/shop/back
          name: back
          livenessProbe: {httpGet: {path: /live, port: 13133}}
      initContainers:
      - name: proxy
        restartPolicy: Always
        image: docker.io/shop/proxy:latest
        args:
             # not this one:
             # - "--private"
             - "--port=5432"
             - "<INSTANCE>"
      volumes:
        - name: settings
          secret:
            secretName: "%KEY%"
            defaultMode: 0444
            items:
              - key: latest
                path: front.conf
        - name: logs
          emptyDir: {medium: Memory, sizeLimit: 512Mi}
  traffic:
  - latestRevision: true
    percent: '100'
---
---
# Nothing here.
---
apiVersion: "run.googleapis.com/v1"
kind: WorkerPool
metadata:
  name: packer
  creationTimestamp: null
spec:
  template:
    spec:
      containers:
      - image: docker.io/shop/packer
---
apiVersion: run.googleapis.com/v1
kind: Job
metadata: {name: count}
spec:
  template:
    spec:
      taskCount: "3"
      template:
        spec:
          timeoutSeconds: 600
          maxRetries: 0
          containers:
          - image: docker.io/shop/count
            command: [sh, -c, "exit 0"]
"#;

#[test]
fn manifests_as_people_write_them() {
    let documents = read(SIDECARS).unwrap();
    let names: Vec<_> =
        documents.iter().map(|d| (d.number(), d.line(), d.object().kind(), d.object().name())).collect();
    assert_eq!(
        names,
        [
            (1, 3, "Service", Some("SHOP_NAME")),
            (2, 77, "WorkerPool", Some("packer")),
            (3, 88, "Job", Some("count")),
        ]
    );
    assert_eq!(documents[0].object().region(), Some("REGION"));
    let unknown: Vec<_> = documents[0].unknown_fields().iter().map(|f| (f.field.as_str(), f.line)).collect();
    assert_eq!(unknown, [("spec.template.spec.initContainers", 51)]);
    assert_eq!(documents[0].raw()["spec"]["traffic"], json!([{"latestRevision": true, "percent": 100}]));

    let service = Service::try_from(documents[0].clone().into_object()).unwrap();
    let pod = service.pod().unwrap();
    assert_eq!(pod.containers[0].env[0].value.as_deref(), Some("5432"));
    assert_eq!(pod.volumes[0].secret.as_ref().unwrap().default_mode, Some(0o444));
    let extra = &service.spec.as_ref().unwrap().template.as_ref().unwrap().spec.as_ref().unwrap().extra;
    assert_eq!(extra["initContainers"][0]["args"], json!(["--port=5432", "<INSTANCE>"]));

    let job = Job::try_from(documents[2].clone().into_object()).unwrap();
    let execution = job.spec.unwrap().template.unwrap().spec.unwrap();
    let task = execution.template.unwrap().spec.unwrap();
    assert_eq!((execution.task_count, task.timeout_seconds), (Some(3), Some(600)));
    assert!(Service::try_from(documents[2].clone().into_object()).is_err());
}

#[test]
fn what_was_read_is_written_and_read_again() {
    for document in read(SIDECARS).unwrap() {
        let text = to_yaml(document.object()).unwrap();
        let again = read(&text).unwrap();
        assert_eq!((again.len(), again[0].object()), (1, document.object()), "{text}");
        assert_eq!(again[0].unknown_fields().len(), document.unknown_fields().len());
    }
}

#[test]
fn json_in_its_forms() {
    let service = |name: &str| {
        format!(
            "{{\n\t\"apiVersion\": \"serving.knative.dev/v1\",\n\t\"kind\": \"Service\",\n\t\"metadata\": {{\"name\": \
             \"{name}\", \"annotations\": {{\"a\": \"\\ud83d\\ude00 \\/\"}}}}\n}}"
        )
    };
    let (one, two) = (service("one"), service("two"));
    for text in [
        format!("{one}{two}"),
        format!("{one}\n\n{two}\n"),
        format!("{one}\n---\n{two}"),
        format!(
            r#"{{"kind": "ServiceList", "apiVersion": "serving.knative.dev/v1", "items": [{one}, {two}]}}"#
        ),
        format!("kind: List\napiVersion: v1\nitems: [{one}, {two}]").replace('\t', " "),
    ] {
        let documents = read(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let names: Vec<_> = documents.iter().map(|document| document.object().name()).collect();
        assert_eq!(names, [Some("one"), Some("two")], "{text}");
        assert_eq!(documents[0].object().metadata().unwrap().annotations["a"], "😀 /");
    }
    let broken = format!("{one}\n\n{}", two.replace("\"two\"", "2"));
    assert_eq!(
        read(&broken).unwrap_err().to_string(),
        "document 2, line 10, metadata.name: it is a number, but text is expected: put it in quotes"
    );
    assert_eq!(read(&one[..30]).unwrap_err().faults()[0].line(), 2);
    assert!(read("").unwrap().is_empty() && read("# nothing\n---\n").unwrap().is_empty());
}

#[test]
fn faults_name_document_line_and_field() {
    let head = "apiVersion: serving.knative.dev/v1\nkind: Service\n";
    for (text, message) in [
        ("a: [1\nb: 2\n", "line 2: illegal placement of ':' indicator"),
        ("kind: Service\n", "line 1, apiVersion: it is missing; it is `serving.knative.dev/v1`"),
        (
            "apiVersion: v1\nkind: Service\n",
            "line 1, apiVersion: `v1` has no Service; it is `serving.knative.dev/v1`",
        ),
        (
            "apiVersion: apps/v1\nkind: Deployment\n",
            "line 2, kind: `Deployment` is not a kind of Cloud Run's; it is one of Service, Job, WorkerPool, Instance, \
             DomainMapping, Revision, Configuration, Route, Execution, Task",
        ),
        ("- a\n- b\n", "line 1: it is not an object with apiVersion, kind and metadata"),
        (&format!("{head}spec: 3\n"), "line 3, spec: it is a number, but a map is expected"),
        (
            &format!("{head}metadata:\n  labels:\n    a: 1\n"),
            "line 5, metadata.labels[a]: it is a number, but text is expected: put it in quotes",
        ),
        (
            &format!(
                "{head}spec:\n  template:\n    spec:\n      containers:\n      - env:\n        - name: ON\n          value: true\n"
            ),
            "line 9, spec.template.spec.containers[0].env[0].value: it is a boolean, but text is expected: put it in quotes",
        ),
        (
            &format!("{head}spec:\n  traffic:\n  - percent: 1.5\n    tag: [a]\n"),
            "line 5, spec.traffic[0].percent: it is a number, but a whole number is expected\n\
             line 6, spec.traffic[0].tag: it is a list, but text is expected",
        ),
        (
            &format!("{head}---\n{head}metadata:\n  generation: 99999999999\n"),
            "document 2, line 7, metadata.generation: it is a number, but a whole number is expected",
        ),
        (&format!("{head}metadata: {{}}\nmetadata: {{}}\n"), "line 4: duplicate mapping key: metadata"),
    ] {
        assert_eq!(read(text).unwrap_err().to_string(), message, "{text}");
    }
    let secret = format!(
        "{head}spec:\n  template:\n    spec:\n      containers:\n      - env:\n        - value: 1234567\n"
    );
    assert!(!read(&secret).unwrap_err().to_string().contains("1234567"), "values may be secrets");
}

#[test]
fn one_object_of_a_kind() {
    let text = "apiVersion: run.googleapis.com/v1\nkind: Job\nmetadata: {name: n}\n";
    assert_eq!(read_one::<Job>(text).unwrap().name(), Some("n"));
    for (text, message) in [
        (String::new(), "line 1: it is empty, but a service is expected"),
        (text.to_owned(), "line 1: it is a Job, but a Service is expected"),
        (format!("{text}---\n{text}"), "document 2, line 5: there is a second object, but one is expected"),
    ] {
        assert_eq!(read_one::<Service>(&text).unwrap_err().to_string(), message);
    }
}

#[test]
fn exports_drop_what_belongs_to_the_object_on_the_server() {
    let mut service = Service::try_from(read(SIDECARS).unwrap().remove(0).into_object()).unwrap();
    let before = export(&service).unwrap();
    let metadata = service.metadata.get_or_insert_default();
    metadata.uid = Some("u".to_owned());
    metadata.generation = Some(1);
    metadata.resource_version = Some("r".to_owned());
    metadata.self_link = Some("s".to_owned());
    metadata.creation_timestamp = Some("t".to_owned());
    for key in super::export::ANNOTATIONS {
        metadata.annotations.insert(key.to_owned(), "x".to_owned());
    }
    service.status = Some(Default::default());
    assert_eq!(export(&service).unwrap(), before);
}

proptest! {
    #[test]
    fn text_stays_text(value in ".{0,12}", key in "[a-z0-9~.]{1,6}", name in prop_oneof![Just("yes".to_owned()), Just("0444".to_owned()), Just("1e3".to_owned()), Just("null".to_owned()), "[0-9:_x.-]{0,6}"]) {
        let mut service = Service::default();
        service.set_type();
        let metadata = service.metadata.get_or_insert_default();
        metadata.name = Some(name);
        metadata.annotations.insert(key, value);
        let text = to_yaml(&service).unwrap();
        let read = read_one::<Service>(&text);
        prop_assert_eq!(read.as_ref(), Ok(&service), "{}", text);
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,60}", lines in proptest::collection::vec("[ a-z:\\[{}\\]\"'&*|>-]{0,12}", 0..6)) {
        let _ = read(&text);
        let _ = read(&lines.join("\n"));
    }
}
