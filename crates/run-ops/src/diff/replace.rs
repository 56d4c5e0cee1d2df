//! Comparing with the live object, and replacing it if there is a difference.

use run_api::ResourceRef;
use run_api::known::annotations::REGIONS;

use super::dry_run::DryRunApi;
use super::list::Diff;
use crate::api::{Kind, name};
use crate::request::call::{Answer, Attempts};
use crate::write::write_id::{self, WriteId};
use crate::{Error, Ops, Result, WRITE_IDS_ANNOTATION, Written};

/// Annotations with this prefix are the server's; gcloud's `replace` copies them from the live object.
const OF_THE_SERVER: &str = "serving.knative.dev/";

impl<C: Send + Sync> Ops<C> {
    /// What [`replace`](Self::replace) would change, by a dry run: nothing is written.
    ///
    /// # Errors
    /// What the server refuses the object with; [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) for a service of several regions, whose dry
    /// runs are not known to write nothing.
    pub async fn diff<K: Kind>(&self, reference: &ResourceRef<K>, wanted: &K) -> Result<Diff>
    where
        C: DryRunApi<K>,
    {
        let live = self.find(reference).await?;
        // Without a version there is no conflict with somebody who writes meanwhile.
        Ok(self.diff_from(reference, live.as_ref(), wanted, Versioned::No).await?.diff)
    }

    async fn diff_from<K: Kind>(
        &self,
        reference: &ResourceRef<K>,
        live: Option<&K>,
        wanted: &K,
        versioned: Versioned,
    ) -> Result<Compared>
    where
        C: DryRunApi<K>,
    {
        if live.into_iter().chain([wanted]).any(|object| object.annotation(REGIONS).is_some()) {
            let message = "it is in several regions, where a dry run is not known to write nothing";
            return Err(Error::invalid(message).about(reference));
        }
        let about = |error: run_api::Error| Error::from(error).about(reference);
        let Some(live) = live else {
            let body = body(reference, None, wanted);
            let dry = || self.api().dry_create(&reference.location, &body);
            let planned = self.dry_run(name(K::CALLS.create), dry).await.map_err(about)?;
            return Ok(Compared { diff: Diff::between(&K::default(), &planned, wanted), is_ours: true });
        };
        let mut body = body(reference, Some(live), wanted);
        if matches!(versioned, Versioned::No) {
            body.metadata_mut().get_or_insert_default().resource_version = None;
        }
        // The answer to another request would not have it.
        let id = WriteId::new();
        id.stamp(body.metadata_mut().get_or_insert_default(), live.metadata());
        let dry = || self.api().dry_replace(reference, &body);
        let planned = self.dry_run(name(K::CALLS.replace), dry).await.map_err(about)?;
        let is_ours =
            planned.metadata().is_some_and(|metadata| write_id::ids(metadata).contains(&id.as_str()));
        Ok(Compared { diff: Diff::between(live, &planned, wanted), is_ours })
    }

    /// A request that stores nothing, tried again as the policy says. A conflict is an answer: the object has changed.
    async fn dry_run<'a, T>(
        &'a self,
        operation: &'static str,
        send: impl Fn() -> Answer<'a, T> + Send,
    ) -> Result<T, run_api::Error> {
        let mut attempts = Attempts::new();
        loop {
            match self.once(operation, None, send()).await {
                Err(error) if !error.is_conflict() && self.retry(operation, &mut attempts, &error).await => {}
                result => return result,
            }
        }
    }

    /// Puts an object in the place of what is there, as a whole, or creates it. If that would change nothing but what the
    /// server fills in or keeps for itself, nothing is written: a manifest that is deployed again is a no-op. That there is
    /// no difference is the server's own word, for the version that was read.
    ///
    /// What the object does not say is taken away or gets the server's default, as by `gcloud run services replace`; to
    /// keep it, [update](Self::update) the object instead.
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// use run_ops::{Ops, manifest};
    ///
    /// let hello = client.service("hello")?;
    /// let ops = Ops::new(client);
    /// let text = "
    /// apiVersion: serving.knative.dev/v1
    /// kind: Service
    /// metadata: {name: hello}
    /// spec: {template: {spec: {containers: [{image: us-docker.pkg.dev/cloudrun/container/hello}]}}}
    /// ";
    /// let wanted = manifest::read_one(text)?;
    /// assert!(ops.replace(&hello, &wanted).await?.changed());
    /// assert!(!ops.replace(&hello, &wanted).await?.changed());
    ///
    /// let slower = manifest::read_one(&text.replace("{containers", "{timeoutSeconds: 600, containers"))?;
    /// let diff = ops.diff(&hello, &slower).await?;
    /// assert_eq!(diff.to_string(), "~ spec.template.spec.timeoutSeconds: 300 → 600");
    /// # Ok(()) })
    /// ```
    ///
    /// # Errors
    /// As [`diff`](Self::diff), [`create`](Self::create) and [`update`](Self::update).
    pub async fn replace<K: Kind>(&self, reference: &ResourceRef<K>, wanted: &K) -> Result<Written<K>>
    where
        C: DryRunApi<K>,
    {
        let (mut conflicts, mut foreign) = (0, 0);
        let (live, diff) = loop {
            let live = self.find(reference).await?;
            match self.diff_from(reference, live.as_ref(), wanted, Versioned::Yes).await {
                // That nothing differs is believed if the answer is one to this very request, or if several say so that
                // do not tell: a server may drop the id.
                Ok(Compared { diff, is_ours: false }) if diff.is_empty() && foreign < FOREIGN => foreign += 1,
                Ok(Compared { diff, .. }) => break (live, diff),
                // What was read is not the present state.
                Err(error) if error.is_conflict() && self.back_off(conflicts + 1).await => conflicts += 1,
                Err(error) => return Err(error),
            }
        };
        match live {
            None => self.create(reference, body(reference, None, wanted)).await,
            Some(live) if diff.is_empty() => Written::new(reference, live, false),
            Some(live) => {
                let mut edit = |live: &mut K| {
                    *live = body(reference, Some(live), wanted);
                    Ok(())
                };
                self.update_from(reference, Some(live), &mut edit).await
            }
        }
    }
}

/// How often an empty difference is asked for again whose answer may be another request's.
const FOREIGN: u32 = 2;

/// What a dry run came to.
struct Compared {
    diff: Diff,
    /// Whether the answer is known to be one to this request.
    is_ours: bool,
}

/// Whether a dry run is refused if the object has changed since it was read.
enum Versioned {
    Yes,
    No,
}

/// The object to send: what is wanted, named as the reference says, with what the server noted on the live one.
fn body<K: Kind>(reference: &ResourceRef<K>, live: Option<&K>, wanted: &K) -> K {
    let mut body = wanted.clone();
    body.set_type();
    let metadata = body.metadata_mut().get_or_insert_default();
    metadata.namespace = Some(reference.project().to_string());
    if let Some(live) = live.and_then(|live| live.metadata()) {
        metadata.resource_version.clone_from(&live.resource_version);
        let noted = live.annotations.iter();
        let noted = noted.filter(|(key, _)| key.starts_with(OF_THE_SERVER) || *key == WRITE_IDS_ANNOTATION);
        for (key, value) in noted {
            metadata.annotations.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    body
}
