//! A broadcast whose uplink is slow.

use super::*;

/// More than an upload may take.
const SLOW: Duration = Duration::from_millis(750);

#[tokio::test]
async fn a_part_that_comes_too_late_is_dropped_and_its_segment_still_goes() {
    let media = MediaFile::new(1);
    let mut server = Server::start().await;
    let mut options = options(&server, &media);
    options.limits.deadline = Duration::from_millis(100);
    let run = tokio::spawn(async { publish::run(options, std::future::pending(), |_| {}).await });
    let mut peer = server.socket().await;
    peer.signal().await;
    peer.welcome(publisher("t1")).await;
    server.request().await.answer(404, "");
    let mut accepted = Vec::new();
    while actions(&accepted) != "VSE" {
        let request = server.request().await;
        let signal = request.json();
        if signal["action"] == "updatePart" {
            request.acknowledge(503, 503);
        } else {
            request.acknowledge(200, 200);
            accepted.push(signal);
        }
    }
    assert_eq!(with_timeout(run).await.unwrap().unwrap().progress.parts_dropped, 3);
}

#[tokio::test]
async fn uploads_that_stay_slow_make_the_publisher_join_again() {
    let media = MediaFile::new(100);
    let mut air = OnAir::start(&media, None).await;
    let uploads = async {
        loop {
            let request = air.server.request().await;
            tokio::time::pause();
            tokio::time::advance(SLOW).await;
            tokio::time::resume();
            request.acknowledge_after(SLOW);
        }
    };
    let signal = tokio::select! { signal = air.peer.busy_signal() => signal, () = uploads => unreachable!() };
    assert_eq!((&signal["action"], &signal["data"]["op"]["resumeToken"]), (&json!("join"), &json!("resume-1")));
}
