//! The rows of a list, read as they arrive.

use run_api::{FieldMask, ListOptions, Scope};

use super::context::Context;
use crate::arguments::ListArguments;
use crate::output::view::{Listed, View};
use crate::terminal::Failure;

impl Context {
    /// All objects of a list. If its own columns are all that is written, nothing else is asked for or kept. Says which regions
    /// did not answer.
    pub(crate) async fn rows<V: View>(
        &self,
        scope: impl Into<Scope>,
        options: ListOptions,
        arguments: &ListArguments,
    ) -> Result<Vec<Listed<V>>, Failure> {
        let options = ListOptions { limit: arguments.page_size, ..options };
        let (rows, unreachable) = if self.shows_only_columns(arguments) {
            self.shown(scope.into(), options).await?
        } else {
            self.whole(scope.into(), options).await?
        };
        if !unreachable.is_empty() {
            let regions = unreachable.join(", ");
            self.printer
                .talk(format_args!("warning: the list lacks what is in {regions}, which did not answer"));
        }
        Ok(rows)
    }

    async fn shown<V: View>(
        &self,
        scope: Scope,
        options: ListOptions,
    ) -> Result<(Vec<Listed<V>>, Vec<String>), Failure> {
        let fields = FieldMask::new(V::FIELDS)?;
        let mut items = self.client.views::<V::Kind, V>(scope, options, &fields);
        let mut rows = Vec::new();
        while let Some(shown) = items.next().await? {
            rows.push(Listed::shown(shown));
        }
        Ok((rows, items.unreachable().to_vec()))
    }

    async fn whole<V: View>(
        &self,
        scope: Scope,
        options: ListOptions,
    ) -> Result<(Vec<Listed<V>>, Vec<String>), Failure> {
        let mut items = self.client.items::<V::Kind>(scope, options);
        let mut rows = Vec::new();
        while let Some(object) = items.next().await? {
            rows.push(Listed::whole(&object)?);
        }
        Ok((rows, items.unreachable().to_vec()))
    }
}
