//! Every operation, at each of its requests, against every kind of fault; and pairs of faults.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use run_tests::matrix::{Counts, Ending, Ground, OPERATIONS, Operation, kinds, requests, strike};

#[tokio::test(start_paused = true)]
async fn every_request_and_every_fault() {
    let (ground, mut counts) = (Ground::start().await, Counts::default());
    for operation in OPERATIONS {
        let count = requests(&ground, operation).await;
        assert!(count > 0);
        for at in 0..count {
            for (name, kind) in kinds() {
                let ending = strike(&ground, operation, &[(at, name, kind)]).await;
                counts.add(format!("{operation:?}"), ending);
            }
        }
    }
    println!("{counts}");
    assert!(counts.of(Ending::Success) > counts.of(Ending::Unchanged), "{counts}");
}

#[tokio::test(start_paused = true)]
async fn pairs_of_faults_in_a_deployment() {
    const SAMPLE: usize = 150;
    let ground = Ground::start().await;
    let mut random = StdRng::seed_from_u64(5);
    let (mut counts, kinds) = (Counts::default(), kinds());
    let count = requests(&ground, Operation::DeployOver).await;
    for _ in 0..SAMPLE {
        // Faults make requests more: the second may strike what the first has caused.
        let first = random.random_range(0..count);
        let second = random.random_range(first + 1..count + 3);
        let [one, other] = [0, 1].map(|_| kinds[random.random_range(0..kinds.len())].clone());
        let strikes = [(first, one.0, one.1), (second, other.0, other.1)];
        counts.add("DeployOver", strike(&ground, Operation::DeployOver, &strikes).await);
    }
    println!("{counts}");
    assert_eq!(
        counts.of(Ending::Success)
            + counts.of(Ending::Unchanged)
            + counts.of(Ending::Partial)
            + counts.of(Ending::Unknown),
        SAMPLE
    );
}
