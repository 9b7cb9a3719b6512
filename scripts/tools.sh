#!/usr/bin/env bash
# Installs the named programs when they are missing and that is permitted; otherwise says which are missing.
set -euo pipefail

missing=()
for program in "$@"; do
    case "$program" in
        chromium) for name in "${CHROMIUM:-chromium}" chromium-browser google-chrome google-chrome-stable; do
                command -v "$name" >/dev/null && continue 2
            done ;;
        firefox-esr) for name in "${FIREFOX:-firefox-esr}" firefox; do command -v "$name" >/dev/null && continue 2; done ;;
        # Debian keeps what makes a virtual environment apart.
        python3) python3 -c 'import venv, ensurepip' 2>/dev/null && continue
            missing+=(python3-venv) ;;
        # The encoders, the muxer and the sinks are plugins, each in a package of its own.
        gstreamer) inspect() { gst-inspect-1.0 --exists "$1" 2>/dev/null; }
            inspect x264enc && inspect mp4mux && inspect voaacenc && inspect curlhttpsink && inspect souphttpclientsink \
                && command -v gst-launch-1.0 curl >/dev/null && continue
            missing+=(gstreamer1.0-tools gstreamer1.0-plugins-{base,good,bad,ugly} curl)
            continue ;;
        systemd-analyze) command -v systemd-analyze >/dev/null && continue
            missing+=(systemd)
            continue ;;
        # Named like the packages, as each is of another version in every release of Debian.
        default-jdk-headless) javac -version >/dev/null 2>&1 && continue ;;
        libjackson2-databind-java) [ -e /usr/share/java/jackson-databind.jar ] && continue ;;
        # Where ordinary users do not look for programs.
        nginx) PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v nginx >/dev/null && continue ;;
        # The program is not called like the package.
        coturn) command -v turnserver >/dev/null && continue ;;
        *) command -v "$program" >/dev/null && continue ;;
    esac
    missing+=("$program")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then as_root=(sudo -n); else as_root=(false); fi
fi
if command -v apt-get >/dev/null && [ "${as_root[*]}" != false ]; then
    echo "installing: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    "${as_root[@]}" apt-get update -qq
    # A package must not start a server of its own: this is how Debian is told.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap '"${as_root[@]}" rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
        "${as_root[@]}" chmod 755 "$policy"
    fi
    "${as_root[@]}" apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
    exit 0
fi
echo "missing, and not permitted to install: ${missing[*]}" >&2
exit 1
