#!/usr/bin/env bash
# Starts the server and a broadcast of a generated test picture that shows the time. Ctrl-C stops both.
# usage: scripts/demo.sh PATH-OF-ROOMCAST [ROOM]
set -eu
roomcast=$1
room=${2:-demo}
listen=${ROOMCAST_LISTEN:-127.0.0.1:8080}
command -v ffmpeg >/dev/null || { echo "the demo needs ffmpeg (apt install ffmpeg, brew install ffmpeg)" >&2; exit 1; }

# In a process group of its own, so that Ctrl-C reaches the encoder and the publisher first.
set -m
"$roomcast" serve --listen "$listen" &
server=$!
set +m
trap 'kill -TERM "$server" 2>/dev/null; wait "$server" 2>/dev/null || true' EXIT
trap : INT
for _ in $(seq 100); do
    kill -0 "$server" 2>/dev/null || exit 1
    curl -fs "http://$listen/readyz" >/dev/null 2>&1 && break
    sleep 0.1
done

echo
echo "  watch:  http://$listen/watch/$room"
echo "  or:     ffplay http://$listen/live/$room/main/playlist.m3u8"
echo
clock="drawtext=text='%{localtime\:%H\\\\\:%M\\\\\:%S}.%{eif\:mod(floor(time(0)*10)\,10)\:d}':fontsize=72:fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=16:x=(w-text_w)/2:y=h-text_h-48"
ffmpeg -hide_banner -loglevel error -nostdin -re \
    -f lavfi -i testsrc2=size=1280x720:rate=30 -f lavfi -i sine=frequency=440:sample_rate=48000 \
    -vf "$clock" -c:v libx264 -preset veryfast -tune zerolatency -g 30 -keyint_min 30 -sc_threshold 0 -bf 0 \
    -pix_fmt yuv420p -b:v 2M -c:a aac -b:a 128k \
    -f mp4 -movflags +cmaf+delay_moov+default_base_moof -frag_duration 333333 - |
    "$roomcast" publish --server "http://$listen" --room "$room" -
