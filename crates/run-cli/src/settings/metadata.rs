//! The metadata server: where a program on Google Cloud learns its project and region.
//! (Source: <https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys>)

use std::time::Duration;

use super::env;

/// Elsewhere nobody answers, and nobody should wait for that.
const LONGEST: Duration = Duration::from_secs(1);

/// The project of the machine that this runs on, if that is one of Google's.
pub(crate) async fn project() -> Option<String> {
    get("project/project-id").await
}

/// The region of the machine that this runs on, if that is one of Google's.
pub(crate) async fn region() -> Option<String> {
    last_part(&get("instance/region").await?)
}

async fn get(key: &str) -> Option<String> {
    let host = std::env::var(env::METADATA_HOST).ok().filter(|host| !host.is_empty());
    let host = host.unwrap_or_else(|| "metadata.google.internal".to_owned());
    run_api::install_crypto_provider();
    let http = reqwest::Client::builder().no_proxy().timeout(LONGEST).build().ok()?;
    let request =
        http.get(format!("http://{host}/computeMetadata/v1/{key}")).header("Metadata-Flavor", "Google");
    let answer = request.send().await.ok()?.error_for_status().ok()?;
    // Some other server would not say so.
    let genuine = answer.headers().get("metadata-flavor").is_some_and(|flavor| flavor == "Google");
    let text = if genuine { answer.text().await.ok()? } else { return None };
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Regions come as `projects/NUMBER/regions/REGION`.
fn last_part(name: &str) -> Option<String> {
    name.rsplit('/').next().filter(|part| !part.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_the_last_part_of_its_name() {
        assert_eq!(last_part("projects/123/regions/us-east1").as_deref(), Some("us-east1"));
        assert_eq!(last_part("us-east1").as_deref(), Some("us-east1"));
        assert_eq!(last_part(""), None);
    }
}
