//! What a container gets: CPU, memory, GPUs, a port.

use std::fmt::Display;

use run_api::known::annotations::GPU_ZONAL_REDUNDANCY_DISABLED;
use run_api::known::{limits, node_selectors};
use run_api::types::{Container, ContainerPort};
use run_api::{Quantity, Workload};

use super::list::Edit;
use super::place::{Level, text};

/// What the server takes if no port is given. (Documented: the container contract.)
const DEFAULT_PORT: i32 = 8080;
const H2C: &str = "h2c";

impl<W: Workload> Edit<W> {
    /// The CPUs: `resources.limits.cpu`, for example `2` or `"500m"`. (gcloud: `--cpu`)
    #[must_use]
    pub fn cpu(self, amount: impl Display) -> Self {
        self.limit(limits::CPU, amount)
    }

    /// The memory: `resources.limits.memory`, for example `"512Mi"`. (gcloud: `--memory`)
    #[must_use]
    pub fn memory(self, amount: impl Display) -> Self {
        self.limit(limits::MEMORY, amount)
    }

    /// A limit: `resources.limits`. The amount is a [`Quantity`] or its text; one that is equal by value stays as it
    /// is written.
    ///
    /// ```
    /// use run_ops::edit;
    /// use run_api::{Quantity, Workload, known::limits};
    ///
    /// let mut job = run_api::types::Job::default();
    /// edit::job().limit(limits::CPU, "1000m").apply(&mut job)?;
    /// let before = job.clone();
    /// edit::job().cpu(1).apply(&mut job)?;
    /// edit::job().cpu(Quantity::from_millis(1000)).apply(&mut job)?;
    /// assert_eq!(job, before);
    /// assert!(edit::job().memory("lots").apply(&mut job).is_err());
    /// # Ok::<(), edit::InvalidEdit>(())
    /// ```
    #[must_use]
    pub fn limit(self, resource: impl Into<String>, amount: impl Display) -> Self {
        let (resource, amount) = (resource.into(), amount.to_string());
        self.on_container("resources.limits", move |container| {
            let _: Quantity = amount.parse()?;
            set_limit(container, &resource, &amount);
            Ok(())
        })
    }

    /// Takes a limit away, so that the server chooses.
    #[must_use]
    pub fn remove_limit(self, resource: impl Into<String>) -> Self {
        let resource = resource.into();
        self.on_present_container(move |container| remove_limit(container, &resource))
    }

    /// The number of GPUs: `resources.limits["nvidia.com/gpu"]`. With 0, the limit goes, and if no other container
    /// has a GPU also the [type](Self::gpu_type) and the [redundancy](Self::gpu_zonal_redundancy). (gcloud: `--gpu`)
    #[must_use]
    pub fn gpu(self, count: u32) -> Self {
        if count > 0 {
            return self.limit(limits::GPU, count);
        }
        self.on_present_container(|container| remove_limit(container, limits::GPU)).with(|workload| {
            let has_gpu = |container: &Container| {
                container
                    .resources
                    .as_ref()
                    .is_some_and(|resources| resources.limits.contains_key(limits::GPU))
            };
            if !workload.pod().is_some_and(|pod| pod.containers.iter().any(has_gpu)) {
                select(workload, None);
                Level::Template.annotate(workload, GPU_ZONAL_REDUNDANCY_DISABLED, None);
            }
            Ok(())
        })
    }

    /// The type of GPU, such as `nvidia-l4`, or none: template `nodeSelector["run.googleapis.com/accelerator"]`.
    /// (gcloud: `--gpu-type`)
    #[must_use]
    pub fn gpu_type<'a>(self, accelerator: impl Into<Option<&'a str>>) -> Self {
        let accelerator = text(accelerator);
        self.with(move |workload| {
            select(workload, accelerator.as_deref());
            Ok(())
        })
    }

    /// Whether GPUs are kept in several zones: template annotation
    /// `run.googleapis.com/gpu-zonal-redundancy-disabled`, inverted. It is written for both answers, since its
    /// default depends on the quota. (gcloud: `--gpu-zonal-redundancy`)
    #[must_use]
    pub fn gpu_zonal_redundancy(self, redundant: bool) -> Self {
        self.set_switch(Level::Template, GPU_ZONAL_REDUNDANCY_DISABLED, Some(!redundant))
    }

    /// The port that takes requests, or none for the default (8080): `ports[0].containerPort`. A startup probe by
    /// TCP that knocks at the old port moves along. (gcloud: `--port`)
    ///
    /// The port is what tells the main container from sidecars: if there are any, edit it by its
    /// [name](Self::container) after its port was taken away.
    #[must_use]
    pub fn port(self, port: impl Into<Option<u16>>) -> Self {
        match port.into().map(i32::from) {
            Some(port) => self.on_container("ports", move |container| {
                let old = present_port(container);
                if container.ports.is_empty() {
                    container.ports.push(ContainerPort::default());
                }
                container.ports[0].container_port = Some(port);
                move_probe(container, old, port);
                Ok(())
            }),
            None => self.on_present_container(|container| {
                let old = present_port(container);
                match container.ports.first_mut() {
                    // A name needs a number beside it.
                    Some(first) if first.name.is_some() => first.container_port = Some(DEFAULT_PORT),
                    _ => container.ports.clear(),
                }
                move_probe(container, old, DEFAULT_PORT);
            }),
        }
    }

    /// Whether requests come as HTTP/2 without TLS: `ports[0].name` is `h2c` then. (gcloud: `--use-http2`)
    #[must_use]
    pub fn http2(self, http2: bool) -> Self {
        if http2 {
            return self.on_container("ports", |container| {
                if container.ports.is_empty() {
                    container.ports.push(ContainerPort::default());
                }
                let first = &mut container.ports[0];
                first.name = Some(H2C.to_owned());
                first.container_port = first.container_port.filter(|port| *port != 0).or(Some(DEFAULT_PORT));
                Ok(())
            });
        }
        self.on_present_container(|container| {
            if let Some(first) = container.ports.first_mut().filter(|port| port.name.as_deref() == Some(H2C))
            {
                first.name = None;
            }
        })
    }
}

/// Sets a limit, unless it is equal by value.
pub(crate) fn set_limit(container: &mut Container, resource: &str, amount: &str) {
    let limits = &mut container.resources.get_or_insert_default().limits;
    if !limits.get(resource).is_some_and(|present| Quantity::same(present, amount)) {
        limits.insert(resource.to_owned(), amount.to_owned());
    }
}

fn remove_limit(container: &mut Container, resource: &str) {
    let Some(resources) = &mut container.resources else { return };
    if resources.limits.remove(resource).is_some() && *resources == Default::default() {
        container.resources = None;
    }
}

fn select<W: Workload>(workload: &mut W, accelerator: Option<&str>) {
    let present = workload.pod().and_then(|pod| pod.node_selector.get(node_selectors::ACCELERATOR));
    if present.map(String::as_str) == accelerator {
        return;
    }
    let selector = workload.pod_mut().node_selector;
    match accelerator {
        Some(accelerator) => selector.insert(node_selectors::ACCELERATOR.to_owned(), accelerator.to_owned()),
        None => selector.remove(node_selectors::ACCELERATOR),
    };
}

/// The port in force. 0 is as good as none.
fn present_port(container: &Container) -> i32 {
    let given = container.ports.first().and_then(|port| port.container_port);
    given.filter(|port| *port != 0).unwrap_or(DEFAULT_PORT)
}

fn move_probe(container: &mut Container, old: i32, new: i32) {
    let socket = container.startup_probe.as_mut().and_then(|probe| probe.tcp_socket.as_mut());
    if let Some(socket) = socket.filter(|socket| old != new && socket.port == Some(old)) {
        socket.port = Some(new);
    }
}
