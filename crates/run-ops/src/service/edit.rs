//! Making and editing a service object.

use run_api::types::{Container, RevisionTemplate, Service};
use run_api::{Resource as _, ServiceRef};

use crate::edit::{main_container, named, replace_variable, revision_name, set_limit};
use crate::{InvalidTraffic, ServiceView, TrafficChange, TrafficPlan, TrafficShares};

/// A new service with one container of this image, ready to be edited further and created.
///
/// ```
/// use run_ops::{ServiceEdit, new_service};
///
/// let reference = run_api::ServiceRef::new("my-project", "us-central1", "hello")?;
/// let mut service = new_service(&reference, "us-docker.pkg.dev/cloudrun/container/hello");
/// service.set_env("GREETING", "hi").set_limit("memory", "256Mi");
/// assert_eq!(service.container_mut().env[0].name.as_deref(), Some("GREETING"));
/// # Ok::<(), run_api::InvalidName>(())
/// ```
#[must_use]
pub fn new_service(reference: &ServiceRef, image: &str) -> Service {
    let mut service: Service = named(reference);
    service.set_image(image);
    service
}

/// The edits that every deployment makes, at once and without errors. What is missing on the way to a field is added.
/// There are more in the module [`edit`](crate::edit), of which these are a part.
///
/// With several containers, "the container" is the one with a port (the ingress container), or the first.
///
/// ```
/// use run_ops::{ServiceEdit, TrafficChange, new_service};
///
/// let hello = run_api::ServiceRef::new("my-project", "us-central1", "hello")?;
/// let mut service = new_service(&hello, "a/b:1");
/// service.set_image("a/b:2").set_env("GREETING", "hi").set_limit("cpu", "500m").set_revision_suffix("v2");
/// service.container_mut().args.push("--verbose".to_owned());
/// service.template_mut().spec.get_or_insert_default().timeout_seconds = Some(60);
/// service.assign_traffic(&"hello-v2=10".parse()?)?;
/// let plan = service.change_traffic(&TrafficChange::to_latest())?;
/// assert_eq!(plan.after().to_string(), "LATEST=100");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait ServiceEdit {
    /// The revision template.
    fn template_mut(&mut self) -> &mut RevisionTemplate;

    /// The container that receives requests.
    fn container_mut(&mut self) -> &mut Container;

    /// Sets the container's image.
    fn set_image(&mut self, image: &str) -> &mut Self;

    /// Sets an environment variable of the container, also one whose value came from a secret. Of several with one
    /// name the last is set, which is the one that counts.
    fn set_env(&mut self, name: &str, value: &str) -> &mut Self;

    /// Sets a resource limit of the container: `cpu` (`1`, `500m`) or `memory` (`512Mi`). One that is equal by value
    /// stays as it is written.
    fn set_limit(&mut self, resource: &str, quantity: &str) -> &mut Self;

    /// Gives traffic targets their shares; the others keep the rest in their proportions, and tags stay where
    /// they are. See [`TrafficChange::to_targets`].
    ///
    /// # Errors
    /// If no target is left for the rest, or the present split is none.
    fn assign_traffic(&mut self, shares: &TrafficShares) -> Result<(), InvalidTraffic>;

    /// Changes shares and tags, and says what that did. A change that changes nothing leaves the targets exactly
    /// as they are.
    ///
    /// # Errors
    /// As [`TrafficChange::plan`]; nothing is changed then.
    fn change_traffic(&mut self, change: &TrafficChange) -> Result<TrafficPlan, InvalidTraffic>;

    /// Names the revision that the next write makes: the service's name, a hyphen and this suffix. A long name of the
    /// service is cut.
    ///
    /// A name can be used once. If the template has this very name already, [`Ops::update_service`] takes it for
    /// the previous revision's and drops it, and the server makes another.
    ///
    /// [`Ops::update_service`]: crate::Ops::update_service
    fn set_revision_suffix(&mut self, suffix: &str) -> &mut Self;
}

impl ServiceEdit for Service {
    fn template_mut(&mut self) -> &mut RevisionTemplate {
        self.spec.get_or_insert_default().template.get_or_insert_default()
    }

    fn container_mut(&mut self) -> &mut Container {
        main_container(self)
    }

    fn set_image(&mut self, image: &str) -> &mut Self {
        self.container_mut().image = Some(image.to_owned());
        self
    }

    fn set_env(&mut self, name: &str, value: &str) -> &mut Self {
        replace_variable(&mut self.container_mut().env, name, value);
        self
    }

    fn set_limit(&mut self, resource: &str, quantity: &str) -> &mut Self {
        set_limit(self.container_mut(), resource, quantity);
        self
    }

    fn assign_traffic(&mut self, shares: &TrafficShares) -> Result<(), InvalidTraffic> {
        self.change_traffic(&TrafficChange::to_targets(shares.clone())).map(|_| ())
    }

    fn change_traffic(&mut self, change: &TrafficChange) -> Result<TrafficPlan, InvalidTraffic> {
        let plan = change.plan(self.desired_traffic())?;
        if !plan.is_empty() {
            self.spec.get_or_insert_default().traffic = plan.targets().to_vec();
        }
        Ok(plan)
    }

    fn set_revision_suffix(&mut self, suffix: &str) -> &mut Self {
        let name = revision_name(self.name().unwrap_or_default(), suffix);
        self.template_mut().metadata.get_or_insert_default().name = Some(name);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use run_api::types::{ContainerPort, EnvVar};

    fn service() -> Service {
        new_service(&ServiceRef::new("p", "us-central1", "hello").unwrap(), "image:1")
    }

    #[test]
    fn setting_a_variable_twice_keeps_one() {
        let mut service = service();
        service.set_env("A", "1").set_env("B", "2").set_env("A", "3");
        let env: Vec<_> =
            service.container_mut().env.iter().map(|e| (e.name.clone(), e.value.clone())).collect();
        let text = |s: &str| Some(s.to_owned());
        assert_eq!(env, [(text("A"), text("3")), (text("B"), text("2"))]);
    }

    #[test]
    fn the_variable_that_counts_is_set_even_if_it_was_a_secret() {
        let mut service = service();
        let secret =
            EnvVar { name: Some("A".to_owned()), value_from: Some(Box::default()), ..EnvVar::default() };
        service.container_mut().env = vec![secret.clone(), secret];
        service.set_env("A", "1");
        let last = service.container_mut().env.last().unwrap().clone();
        assert_eq!((last.value.as_deref(), last.value_from), (Some("1"), None));
        assert!(service.container_mut().env.iter().all(|variable| variable.value_from.is_none()));
    }

    #[test]
    fn what_both_ways_write_is_the_same() {
        let hello = ServiceRef::new("p", "us-central1", "hello").unwrap();
        let mut direct = new_service(&hello, "image:1");
        direct.set_env("A", "1").set_limit("cpu", "500m").set_revision_suffix("v2");
        let edit = crate::edit::service().image("image:1").env("A", "1").cpu("500m").revision_suffix("v2");
        assert_eq!(direct, edit.build(&hello).unwrap());
        let before = direct.clone();
        direct.set_limit("cpu", "0.5");
        assert_eq!(direct, before);
    }

    #[test]
    fn the_ingress_container_is_the_one_with_a_port() {
        let mut service = service();
        let containers = &mut service.template_mut().spec.get_or_insert_default().containers;
        containers.push(Container { ports: vec![ContainerPort::default()], ..Container::default() });
        service.set_image("image:2");
        let images: Vec<_> = service
            .template_mut()
            .spec
            .get_or_insert_default()
            .containers
            .iter()
            .map(|c| c.image.clone())
            .collect();
        assert_eq!(images, [Some("image:1".to_owned()), Some("image:2".to_owned())]);
    }

    #[test]
    fn a_revision_is_named_after_its_service() {
        let mut service = service();
        service.set_revision_suffix("v2");
        assert_eq!(service.template_mut().metadata.as_ref().unwrap().name.as_deref(), Some("hello-v2"));
    }
}
