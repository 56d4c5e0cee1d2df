//! Creating an object.

use std::fmt;
use std::sync::Arc;

use run_api::types::Service;
use run_api::{ResourceRef, ServiceRef};

use super::contract::{Absence, Plan, Write};
use super::outcome::{self, Outcome, metadata};
use super::write_id::WriteId;
use crate::api::{CreateApi, Kind, name};
use crate::request::call::Answer;
use crate::{Error, ErrorKind, Ops, Result, Written};

impl<C: Send + Sync> Ops<C> {
    /// Creates an object; wait for the result with [`wait_until_ready`](Ops::wait_until_ready).
    ///
    /// If the answer is lost, it is looked up, and the mark that the write leaves
    /// ([`WRITE_IDS_ANNOTATION`](crate::WRITE_IDS_ANNOTATION)) tells whether it is ours: then that is the result; if
    /// there is none, it is tried again.
    ///
    /// Dropping the future stops before the next request; one on its way may or may not be applied.
    ///
    /// # Errors
    /// If the object has another name than the reference, if the name is taken, or if the server refuses the
    /// object. [`ErrorKind::OutcomeUnknown`] if an answer was lost and what is there does not tell who made it;
    /// [`ErrorKind::AlreadyExists`] if somebody else created an object of this name meanwhile.
    ///
    /// # Caveats
    /// A new service can be invoked by nobody without permission; see [`allow_public_access`](Ops::allow_public_access).
    ///
    /// ```
    /// # fixture::emulated(async |client| {
    /// use run_ops::{Ops, new_service};
    ///
    /// let hello = client.service("hello")?;
    /// let object = new_service(&hello, "us-docker.pkg.dev/cloudrun/container/hello");
    /// let ops = Ops::new(client);
    /// let written = ops.create(&hello, object.clone()).await?;
    /// assert_eq!(written.generation(), 1);
    /// let taken = ops.create(&hello, object).await.unwrap_err();
    /// assert!(taken.api().is_some_and(run_api::Error::is_already_exists));
    /// # Ok(()) })
    /// ```
    pub async fn create<K: Kind>(&self, reference: &ResourceRef<K>, mut object: K) -> Result<Written<K>>
    where
        C: CreateApi<K>,
    {
        if object.name() != Some(reference.name.as_ref()) {
            let name = object.name().unwrap_or("(none)");
            let message =
                format!("the object's metadata.name is `{name}`, which is not the {}'s name", K::NOUN);
            return Err(Error::new(ErrorKind::Invalid, message).about(reference));
        }
        let id = WriteId::new();
        id.stamp(object.metadata_mut().get_or_insert_default(), None);
        self.write(reference, None, &mut Create(Creation { id, object: Arc::new(object) })).await
    }

    /// [`create`](Self::create) for a service.
    ///
    /// # Errors
    /// As that.
    pub async fn create_service(&self, reference: &ServiceRef, service: Service) -> Result<Written>
    where
        C: CreateApi<Service>,
    {
        self.create(reference, service).await
    }
}

struct Create<K>(Creation<K>);

/// A creation, by its write id.
struct Creation<K> {
    id: WriteId,
    object: Arc<K>,
}

impl<K: Kind, C: CreateApi<K>> Write<C> for Create<K> {
    type Kind = K;
    type State = K;
    type Sent = Creation<K>;
    type Answer = K;
    /// The generation that the write made.
    type Mark = i32;
    type Done = Written<K>;

    const ABSENCE: Absence = Absence::Expected;
    const TO: &'static str = "create it";

    fn operation() -> &'static str {
        name(K::CALLS.create)
    }

    fn look_operation() -> &'static str {
        K::CALLS.get.as_str()
    }

    fn look<'a>(ops: &'a Ops<C>, reference: &'a ResourceRef<K>) -> Answer<'a, K> {
        Box::pin(ops.read_object(reference))
    }

    fn send<'a>(api: &'a C, reference: &'a ResourceRef<K>, sent: &'a Creation<K>) -> Answer<'a, K> {
        api.create(&reference.location, &sent.object)
    }

    fn plan(&mut self, _: &ResourceRef<K>, _: Option<K>) -> Result<Plan<Creation<K>, K, Written<K>>> {
        let Creation { id, object } = &self.0;
        Ok(Plan::Send(Creation { id: id.clone(), object: object.clone() }))
    }

    fn answered(&mut self, reference: &ResourceRef<K>, _: Creation<K>, answer: K) -> Result<Written<K>> {
        Written::new(reference, answer, true)
    }

    fn outcome(&mut self, sent: &Creation<K>, now: Option<&K>) -> Outcome<i32> {
        outcome::created(&sent.id, K::KEEPS_WRITE_IDS, now.map(metadata))
    }

    fn is_open(_: &Creation<K>, now: Option<&K>) -> bool {
        now.is_none()
    }

    fn found(
        &mut self,
        reference: &ResourceRef<K>,
        _: Creation<K>,
        generation: i32,
        now: Option<K>,
    ) -> Result<Written<K>> {
        Written::found(reference, now.unwrap_or_default(), generation)
    }
}

impl<K> fmt::Display for Creation<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the creation {}", self.id.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retry::NeverRetry;
    use crate::{MockCloudRun, new_service};
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};
    use std::sync::{Arc, Mutex};

    fn hello() -> ServiceRef {
        ServiceRef::new("p", "us-central1", "hello").unwrap()
    }

    /// A server that stores what is created, and loses its answers: those to the first writes.
    fn losing(answers: u32, stored: bool) -> (MockCloudRun, Arc<Mutex<Option<Service>>>) {
        losing_with(answers, stored, 0, reset)
    }

    fn reset() -> run_api::Error {
        run_api::Error::from_kind(run_api::ErrorKind::Transport, "reset")
    }

    /// The same with so many reads that are older than the creation, and with this fault in place of an answer.
    fn losing_with(
        answers: u32,
        stored: bool,
        mut stale: u32,
        fault: fn() -> run_api::Error,
    ) -> (MockCloudRun, Arc<Mutex<Option<Service>>>) {
        let store = Arc::new(Mutex::new(None::<Service>));
        let mut api = MockCloudRun::new();
        let (kept, mut left) = (store.clone(), answers);
        api.services.expect_create().returning(move |_, object| {
            let mut kept = kept.lock().unwrap();
            if kept.is_some() {
                return Err(run_api::Error::from_status(
                    409,
                    "ALREADY_EXISTS",
                    "Resource 'hello' already exists.",
                ));
            }
            let mut object = object.clone();
            let metadata = object.metadata.get_or_insert_default();
            (metadata.uid, metadata.generation) = (Some("u".to_owned()), Some(1));
            if left == 0 || stored {
                *kept = Some(object.clone());
            }
            if left > 0 {
                left -= 1;
                return Err(fault());
            }
            Ok(object)
        });
        let seen = store.clone();
        api.services.expect_get().returning(move |_| {
            let missing = || run_api::Error::from_status(404, "NOT_FOUND", "no");
            if stale > 0 {
                stale -= 1;
                return Err(missing());
            }
            seen.lock().unwrap().clone().ok_or_else(missing)
        });
        (api, store)
    }

    /// The answer to the look before, or the truth: the project or the region is not there.
    #[tokio::test(start_paused = true)]
    async fn not_found_is_no_answer_to_a_creation_that_was_applied() {
        for stored in [true, false] {
            let missing =
                || run_api::Error::from_status(404, "NOT_FOUND", "Resource 'hello' does not exist.");
            let (api, _) = losing_with(1, stored, 0, missing);
            let result = Ops::new(api).create_service(&hello(), new_service(&hello(), "image")).await;
            match result {
                Ok(written) => assert!(stored && written.generation() == 1),
                Err(error) => assert!(!stored && error.is_not_found(), "{error}"),
            }
        }
    }

    // https://github.com/PrefectHQ/prefect/issues/16448
    #[tokio::test(start_paused = true)]
    async fn create_503_once() {
        let unavailable = || run_api::Error::from_status(503, "UNAVAILABLE", "passing");
        for stored in [true, false] {
            let (api, store) = losing_with(1, stored, 0, unavailable);
            let object = new_service(&hello(), "image");
            let written = Ops::new(api).create_service(&hello(), object).await.unwrap();
            assert_eq!((written.generation(), written.changed()), (1, true), "stored: {stored}");
            assert!(store.lock().unwrap().is_some());
        }
    }

    /// A read that is older than the creation says that there is nothing, and the creation is refused: several times.
    #[tokio::test(start_paused = true)]
    async fn stale_reads_do_not_make_our_service_somebody_elses() {
        let (api, _) = losing_with(1, true, 2, reset);
        let written = Ops::new(api).create_service(&hello(), new_service(&hello(), "image")).await.unwrap();
        assert_eq!(written.generation(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn without_attempts_left_a_last_look_tells() {
        for stored in [true, false] {
            let (api, _) = losing(1, stored);
            let object = new_service(&hello(), "image");
            let result = Ops::new(api).retry_policy(NeverRetry).create_service(&hello(), object).await;
            match result {
                Ok(_) => assert!(stored),
                Err(error) => {
                    assert!(!stored && error.is_outcome_unknown(), "{error}");
                    assert!(
                        error.to_string().contains("may still arrive; sent was the creation "),
                        "{error}"
                    );
                }
            }
        }
    }

    /// The request comes to the server twice, and the answer is the second one's.
    #[tokio::test(start_paused = true)]
    async fn a_creation_that_is_delivered_twice_is_our_own() {
        let taken = || run_api::Error::from_status(409, "ALREADY_EXISTS", "Resource 'hello' already exists.");
        let (api, _) = losing_with(1, true, 2, taken);
        let written = Ops::new(api).create_service(&hello(), new_service(&hello(), "image")).await.unwrap();
        assert_eq!((written.generation(), written.changed()), (1, true));
        // Somebody else's is.
        let (api, store) = losing_with(0, true, 0, taken);
        let mut other = new_service(&hello(), "theirs");
        let metadata = other.metadata.get_or_insert_default();
        (metadata.uid, metadata.generation) = (Some("v".to_owned()), Some(3));
        *store.lock().unwrap() = Some(other);
        let error = Ops::new(api).create_service(&hello(), new_service(&hello(), "ours")).await.unwrap_err();
        assert!(error.is_already_exists() && !error.is_outcome_unknown(), "{error}");
    }

    /// A proxy that answers for the API: what it says of a write is not what became of it.
    #[tokio::test(start_paused = true)]
    async fn a_foreign_answer_to_a_write_is_settled() {
        for fault in [
            || run_api::Error::from_foreign(403, "<html>forbidden</html>"),
            || run_api::Error::from_foreign(101, ""),
            || run_api::Error::from_foreign(302, ""),
            || run_api::Error::from_kind(run_api::ErrorKind::Decode, "the answer has no metadata.uid"),
        ] {
            for stored in [true, false] {
                let (api, _) = losing_with(1, stored, 0, fault);
                let written =
                    Ops::new(api).create_service(&hello(), new_service(&hello(), "image")).await.unwrap();
                assert_eq!((written.generation(), written.changed()), (1, true), "stored: {stored}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_away_from_the_api_ends_at_once() {
        let foreign = || run_api::Error::from_foreign(404, "<html>no such region</html>");
        let mut api = MockCloudRun::new();
        api.services.expect_create().once().returning(move |_, _| Err(foreign()));
        api.services.expect_get().times(2).returning(move |_| Err(foreign()));
        let start = tokio::time::Instant::now();
        let error = Ops::new(api).create_service(&hello(), new_service(&hello(), "image")).await.unwrap_err();
        assert!(error.to_string().contains("nothing is known to be written"), "{error}");
        assert!(error.is_outcome_unknown() && !error.is_not_found(), "{error}");
        assert!(error.remedies()[0].to_string().contains("check the region"), "{error}");
        assert!(start.elapsed() < std::time::Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_of_somebody_else_is_not_taken_for_ours() {
        let (api, store) = losing(1, false);
        let mut other = new_service(&hello(), "theirs");
        let metadata = other.metadata.get_or_insert_default();
        (metadata.uid, metadata.generation) = (Some("v".to_owned()), Some(1));
        let theirs = store.clone();
        let ops = Ops::new(api).on_event(move |event| {
            if matches!(event, crate::Event::Unacknowledged { .. }) {
                *theirs.lock().unwrap() = Some(other.clone());
            }
        });
        let error = ops.create_service(&hello(), new_service(&hello(), "ours")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
        assert!(!error.is_not_found(), "it is there");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_says_nothing_of_an_earlier_attempt() {
        let mut api = MockCloudRun::new();
        let mut attempts = 0;
        api.services.expect_create().returning(move |_, _| {
            attempts += 1;
            Err(match attempts {
                1 => run_api::Error::from_kind(run_api::ErrorKind::Timeout, "no answer"),
                _ => run_api::Error::from_status(403, "PERMISSION_DENIED", "no more"),
            })
        });
        api.services.expect_get().returning(|_| Err(run_api::Error::from_status(404, "NOT_FOUND", "no")));
        let error = Ops::new(api).create_service(&hello(), new_service(&hello(), "image")).await.unwrap_err();
        assert!(error.is_outcome_unknown() && error.to_string().contains("no more"), "{error}");
    }

    /// Whatever is told is true, also of what arrives after it was told: on days, by seeds, on which answers are lost,
    /// creations come late, reads are stale and others may be faster.
    #[tokio::test(start_paused = true)]
    async fn nothing_told_on_a_bad_day_is_a_lie() {
        #[derive(Default)]
        struct Day {
            now: Option<Service>,
            late: Vec<Service>,
        }
        impl Day {
            fn put(&mut self, sent: &Service) -> std::result::Result<Service, run_api::Error> {
                if self.now.is_some() {
                    let text = "Resource 'hello' already exists.";
                    return Err(run_api::Error::from_status(409, "ALREADY_EXISTS", text));
                }
                let mut made = sent.clone();
                let metadata = made.metadata.get_or_insert_default();
                (metadata.uid, metadata.generation) = (Some("u".to_owned()), Some(1));
                self.now = Some(made.clone());
                Ok(made)
            }

            fn is_ours(&self) -> bool {
                let made =
                    self.now.as_ref().and_then(|now| now.spec.as_ref()?.template.as_ref()?.spec.as_ref());
                made.is_some_and(|spec| spec.containers[0].image.as_deref() == Some("ours"))
            }
        }
        let mut endings = [0; 3];
        for seed in 0..1500 {
            let mut random = StdRng::seed_from_u64(seed);
            let mut more = StdRng::seed_from_u64(seed + 1_000_000);
            let day = Arc::new(Mutex::new(Day::default()));
            let mut api = MockCloudRun::new();
            let (reads, writes) = (day.clone(), day.clone());
            api.services.expect_get().returning(move |_| {
                let mut day = reads.lock().unwrap();
                let missing = || run_api::Error::from_status(404, "NOT_FOUND", "no");
                let stale = random.random_range(0..100) < 30;
                match random.random_range(0..100) {
                    0..8 => drop(day.put(&new_service(&hello(), "theirs"))),
                    8..40 if !day.late.is_empty() => {
                        let late = day.late.remove(0);
                        drop(day.put(&late));
                    }
                    _ => {}
                }
                day.now.clone().filter(|_| !stale).ok_or_else(missing)
            });
            api.services.expect_create().returning(move |_, sent| {
                let mut day = writes.lock().unwrap();
                let timeout = || run_api::Error::from_kind(run_api::ErrorKind::Timeout, "no answer");
                let unavailable = || run_api::Error::from_status(503, "UNAVAILABLE", "passing");
                match more.random_range(0..100) {
                    0..14 => Err(timeout()),
                    14..32 => {
                        day.late.push(sent.clone());
                        Err(timeout())
                    }
                    32..46 => day.put(sent).and(Err(timeout())),
                    46..54 => Err(unavailable()),
                    54..62 => day.put(sent).and(Err(unavailable())),
                    62..72 => Err(run_api::Error::from_status(403, "PERMISSION_DENIED", "no")),
                    72..78 => Err(run_api::Error::from_status(409, "ABORTED", "deleted a moment ago")),
                    // It is delivered twice, and the answer is the second one's.
                    78..86 => day.put(sent).and_then(|_| day.put(sent)),
                    _ => day.put(sent),
                }
            });
            let few = crate::retry::RetryPolicyExt::with_attempt_limit(crate::retry::TransientFaults, 5);
            let ops = Ops::new(api).retry_policy(few).conflict_attempts(4);
            let result = ops.create_service(&hello(), new_service(&hello(), "ours")).await;
            let mut day = day.lock().unwrap();
            while let Some(late) = day.late.pop() {
                drop(day.put(&late));
            }
            let what =
                format!("seed {seed}: {:?}, ours {}", result.as_ref().map(Written::uid), day.is_ours());
            match result {
                Ok(_) => {
                    endings[0] += 1;
                    assert!(day.is_ours(), "{what}");
                }
                Err(error) if error.is_outcome_unknown() => endings[1] += 1,
                Err(_) => {
                    endings[2] += 1;
                    assert!(!day.is_ours(), "{what}");
                }
            }
        }
        assert!(endings.iter().all(|count| *count > 50), "{endings:?}");
    }
}
