//! Four writers and a deleter of one service, in every order that a seed can think of.

use run_tests::interleavings;

#[tokio::test(start_paused = true)]
async fn every_acknowledged_edit_is_there_in_the_end() {
    let tally = interleavings::run(0..200).await;
    println!("{tally:?}");
    assert_eq!(tally.schedules, 200);
    assert!(tally.conflicts > 100 && tally.too_late > 10, "they hardly met: {tally:?}");
    assert_eq!(tally.acknowledged + tally.too_late, 200 * 12);
}
