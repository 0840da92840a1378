// node worker.mjs PEER runs|history|cold URL [key=value…]: measures one peer, one line of JSON.
//   kind=tool|plain|stream|chain  what a run is; letters=N: how long its answer must be
//   n=, in_flight=, warm=         of runs: how many, how many at a time, how many before
//   turns=                        of history
// Every answer is checked. CPU is the whole process's: collector and compiler threads count.
const [, , peer, mode, url, ...rest] = process.argv;
const options = Object.fromEntries(rest.map((word) => word.split('=')));
const number = (name, fallback) => Number(options[name] ?? fallback);

const sentence = 'The weather in Paris is sunny and 22 C today.';
const letters = number('letters', 0);
const expected =
  letters ? sentence.repeat(letters / sentence.length + 1).slice(0, letters) : sentence;
const question = 'What is the weather in Paris?';

const { create } = await import(`./${peer}.mjs`);
const client = await create(url, options.kind ?? 'tool');

const check = (answer) => {
  if (answer !== expected) throw new Error(`wrong answer: ${answer}`);
};
const run = async () => check(await client.run(question));
const cpuNow = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};
const percentile = (values, share) => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(share * (sorted.length - 1))];
};
// Keeps so many runs going until all are done.
const closedLoop = async (count, inFlight, each) => {
  let begun = 0;
  const lane = async () => {
    while (begun < count) {
      ++begun;
      await each();
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, inFlight) }, lane));
};

if (mode === 'cold') {
  await run();
} else if (mode === 'runs') {
  const count = number('n', 500);
  await closedLoop(number('warm', 100), 20, run);
  const times = [];
  const cpu = cpuNow();
  const begin = performance.now();
  await closedLoop(count, number('in_flight', 1), async () => {
    const at = performance.now();
    await run();
    times.push(performance.now() - at);
  });
  const seconds = (performance.now() - begin) / 1000;
  console.log(JSON.stringify({ runs: count, runs_s: count / seconds,
    cpu_us: (cpuNow() - cpu) / count, p50_ms: percentile(times, 0.5),
    p99_ms: percentile(times, 0.99) }));
} else if (mode === 'history') {
  const warm = client.session();
  for (let turn = 1; turn <= 30; ++turn) check(await warm(`Turn ${turn}: ${question}`));
  const say = client.session();
  const wall = [], cpu = [], out = {};
  for (let turn = 1; turn <= number('turns', 500); ++turn) {
    const cpuBefore = cpuNow(), begin = performance.now();
    check(await say(`Turn ${turn}: ${question}`));
    wall.push((performance.now() - begin) * 1000);
    cpu.push(cpuNow() - cpuBefore);
    if (turn !== 10 && turn !== 100 && turn % 500 !== 0) continue;
    out[`us_${turn}`] = percentile(wall.slice(-11), 0.5);
    out[`cpu_us_${turn}`] = percentile(cpu.slice(-11), 0.5);
  }
  console.log(JSON.stringify(out));
} else {
  throw new Error(`unknown mode ${mode}`);
}
