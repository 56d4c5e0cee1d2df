//! Every operation, at each of its requests, against every kind of fault; and pairs of faults.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use run_tests::matrix::{Counts, Ending, Ground, OPERATIONS, Operation, kinds, requests, strike};

#[tokio::test(start_paused = true)]
async fn every_request_and_every_fault() {
    let (ground, mut counts, mut runs) = (Ground::start().await, Counts::default(), 0);
    let mut failed = Vec::new();
    for operation in OPERATIONS {
        let count = requests(&ground, operation).await;
        assert!(count > 0);
        for at in 0..count {
            for (name, kind) in kinds() {
                let ending = strike(&ground, operation, &[(at, name, kind)]).await;
                counts.add(format!("{operation:?}"), ending);
                runs += 1;
                if ending != Ending::Success {
                    failed.push(format!("{operation:?}, {name} at request {at}: {ending:?}"));
                }
            }
        }
    }
    println!("{counts}\n{runs} single faults, {} of them overcome", counts.of(Ending::Success));
    assert_eq!(failed, [""; 0], "one fault alone is overcome, whatever it strikes");
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
        let twice_401 = [one.0, other.0] == ["401 once"; 2];
        let about = format!("{} at request {first}, {} at request {second}", one.0, other.0);
        let strikes = [(first, one.0, one.1), (second, other.0, other.1)];
        let ending = strike(&ground, Operation::DeployOver, &strikes).await;
        counts.add("DeployOver", ending);
        // Only a credential that is refused twice is taken at its word.
        assert!(ending == Ending::Success || twice_401, "{about}: {ending:?}");
    }
    println!("{counts}\n{SAMPLE} pairs of faults, {} of them overcome", counts.of(Ending::Success));
    assert!(counts.of(Ending::Success) > SAMPLE * 9 / 10, "{counts}");
}
