#!/bin/sh
# Makes the model from nothing but packages and code: everything goes to WORK, and what is there is not made again.
#
#     models/training/make.sh WORK [SEQUENCES...]
#
# Debian: python3-torch python3-torchvision python3-onnx python3-opencv povray libopenblas0-pthread (without OpenBLAS
# torch's 1x1 convolutions are ten times slower). SEQUENCES are folders of pictures of one fixed camera each, of a licence
# that lets weights ship: for the shipped model, frames of Intel's sample videos car-detection, person-bicycle-car-detection
# and worker-zone-detection (CC-BY 4.0), one picture in eight.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$1
shift
mkdir -p "$work"
cd "$work"
python="nice -n 10 /usr/bin/python3"
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

[ -d human ] || { npm pack @vladmandic/human@3.3.6 && mkdir human && tar xzf vladmandic-human-3.3.6.tgz -C human; }
$python "$here/detector.py" human/package "$here/../detector.onnx"
[ -d assets ] || { npm pack @pmndrs/assets@1.7.0 && mkdir assets && tar xzf pmndrs-assets-1.7.0.tgz -C assets; }
[ -d debian ] || {
  apt-get download opencv-doc lomiri-wallpapers-16.04
  for package in *.deb; do dpkg -x "$package" debian; done
}
[ -d photographs ] || $python "$here/photographs.py" assets/package debian photographs
$python "$here/scenes.py" renders --places "${PLACES:-150}"
$python "$here/prepare.py" cache --package human/package --renders renders --sequences "$@" --pictures photographs --batches 4000
# Two, one of which saw more of it: their mean is steadier than either.
trainings=
for batches in 2400 4000; do
  [ -f "decoder$batches.pth" ] && continue
  $python "$here/train.py" cache --batches "$batches" --out "decoder$batches.pth" &
  trainings="$trainings $!"
done
# Each by itself: waiting for all of them forgets how they ended.
for training in $trainings; do wait "$training"; done
$python "$here/export.py" --package human/package --decoders decoder2400.pth decoder4000.pth --out "$here/.."
