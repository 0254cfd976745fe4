#!/bin/sh
# run.sh: everything about the GPU that needs one, in under ten minutes; results on stdout, as markdown.
#   LSV=PATH       a program built elsewhere (make static: build/static/lsv, with contract and test_cuda beside it), where
#                  this machine lacks what a build needs
#   SIZES=1024,…   of the matrices          BUDGET=540   seconds          OUT=DIR   a copy of the output and of env.txt
#   On the test shim: LSV_CUDA_LIBDIR=$PWD/build/cushim13 SIZES=64,128 BUDGET=60 sh tests/gpu/run.sh
here=$(cd "$(dirname "$0")" && pwd) && root=$(cd "$here/../.." && pwd) || exit 1
out=${OUT:-$root/build/gpu}
mkdir -p "$out" || exit 1
if [ -z "$LSV" ]; then
    make -C "$root" -j"$(nproc)" lsv build/tests/contract build/unit/test_cuda >"$out/build.txt" 2>&1 || { tail -20 "$out/build.txt"; exit 1; }
    LSV=$root/lsv contract=$root/build/tests/contract test=$root/build/unit/test_cuda
else
    contract=$(dirname "$LSV")/contract test=$(dirname "$LSV")/test_cuda
fi
[ -x "$contract" ] || contract=
[ -x "$test" ] || test=
{
    date -u; uname -a; nproc; grep -m1 'model name' /proc/cpuinfo
    nvidia-smi 2>/dev/null; nvidia-smi --query-gpu=name,driver_version,memory.total,pcie.link.gen.current --format=csv 2>/dev/null
    ls -d /usr/local/cuda* 2>/dev/null; "$LSV" --version
} >"$out/env.txt" 2>&1
sanitized="compute-sanitizer: not on this machine"
sanitizer=$(PATH=$PATH:${CUDA_HOME:-/usr/local/cuda}/bin command -v compute-sanitizer)
if [ -n "$test" ] && [ -n "$sanitizer" ]; then
    sanitized="compute-sanitizer: clean"
    for work in some krylov; do # a product and a factorisation of everything; the iteration that stays on the device
        timeout 120 "$sanitizer" --error-exitcode 9 "$test" $work >"$out/sanitizer_$work.txt" 2>&1 || {
            sanitized="compute-sanitizer: see $out/sanitizer_$work.txt"; tail -3 "$out/sanitizer_$work.txt"; }
    done
fi
echo "$sanitized"
python3 -u "$here/bench.py" --lsv "$LSV" --sizes "${SIZES:-1024,2048,4096,8192,16384}" --budget "${BUDGET:-540}" \
    ${contract:+--contract "$contract"} ${test:+--test-cuda "$test"} --json "$out/figures.json" >"$out/result.md" 2>&1
status=$?
cat "$out/result.md"
case $sanitized in *see*) exit 1 ;; esac
exit $status
