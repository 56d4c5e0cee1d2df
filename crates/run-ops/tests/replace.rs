//! Manifests that are deployed again, against an emulator that fills in defaults.

#![allow(clippy::unwrap_used, reason = "a test")]

use run_api::types::{Instance, Job, Service, WorkerPool};
use run_api::{Client, Creatable, Endpoint, Replaceable, ResourceRef};
use run_emulator::Emulator;
use run_ops::api::Kind;
use run_ops::manifest::read_one;
use run_ops::{Ops, edit};

const CONTAINERS: &str = "{containers: [{image: us-docker.pkg.dev/cloudrun/container/hello, \
    env: [{name: A, value: '1'}], resources: {limits: {cpu: '1', memory: 1024Mi}}}]}";

async fn again<K: Kind + Creatable + Replaceable>(ops: &Ops<Client>, reference: &ResourceRef<K>, spec: &str)
where
    Client: run_ops::api::ReplaceApi<K>,
{
    let text = format!(
        "apiVersion: {}\nkind: {}\nmetadata: {{name: {}}}\nspec: {spec}\n",
        K::API_VERSION,
        K::KIND,
        reference.name
    );
    let wanted: K = read_one(&text).unwrap();
    assert!(!ops.diff(reference, &wanted).await.unwrap().is_empty());
    assert!(ops.replace(reference, &wanted).await.unwrap().changed());
    assert_eq!(ops.diff(reference, &wanted).await.unwrap().to_string(), "", "{}", K::KIND);
    assert!(!ops.replace(reference, &wanted).await.unwrap().changed(), "{}", K::KIND);

    let other: K = read_one(&text.replace("value: '1'", "value: '2'")).unwrap();
    let diff = ops.diff(reference, &other).await.unwrap();
    assert_eq!(diff.changes().len(), 1, "{diff}");
    assert!(diff.to_string().ends_with(".env[A].value (not shown)"), "{diff}");
    assert!(ops.replace(reference, &other).await.unwrap().changed());
}

#[tokio::test(start_paused = true)]
async fn a_manifest_that_is_deployed_again_writes_nothing() {
    let emulator = Emulator::builder().start().await.unwrap();
    let endpoint = Endpoint::emulator(&emulator.url()).unwrap();
    let client = Client::builder().endpoint(endpoint).project("p").region("us-central1").build().unwrap();
    let here = client.location().unwrap();
    let ops = Ops::new(client);
    let template = format!("{{template: {{spec: {CONTAINERS}}}}}");
    again::<Service>(&ops, &here.service("s").unwrap(), &template).await;
    again::<WorkerPool>(&ops, &here.worker_pool("w").unwrap(), &template).await;
    again::<Job>(&ops, &here.job("j").unwrap(), &format!("{{template: {{spec: {template}}}}}")).await;
    again::<Instance>(&ops, &here.instance("i").unwrap(), CONTAINERS).await;

    // What gcloud notes on a template is no difference, and stays.
    let service = here.service("noted").unwrap();
    let wanted = edit::service().image("us-docker.pkg.dev/cloudrun/container/hello").build(&service).unwrap();
    ops.replace(&service, &wanted).await.unwrap();
    let note = edit::service().with(|service| {
        let labels = run_api::Workload::template_labels_mut(service);
        labels.insert(run_api::known::labels::NONCE.to_owned(), "abc".to_owned());
        Ok(())
    });
    ops.update(&service, |service| Ok(note.clone().client("gcloud", "1").apply(service)?)).await.unwrap();
    assert!(!ops.replace(&service, &wanted).await.unwrap().changed());
}
