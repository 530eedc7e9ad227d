// BullMQ on Redis, two hundred jobs at a time. It keeps the record of a job. See marks.py for what is asked.
"use strict";
const fs = require("node:fs");
const { createRequire } = require("node:module");

const asked = JSON.parse(process.env.BENCH);
const { Queue, Worker } = createRequire(`${asked.environment}/`)("bullmq");
const connection = { host: "127.0.0.1", port: asked.port, maxRetriesPerRequest: null };
const survives = asked.log !== undefined;
const IN_BULK = 1000;

function brokerSeconds() {
  const fields = fs.readFileSync(`/proc/${asked.broker_pid}/stat`, "utf8").split(")").pop().trim().split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function now() {
  const { user, system } = process.cpuUsage();
  return [Number(process.hrtime.bigint()) / 1e9, (user + system) / 1e6, asked.broker_pid ? brokerSeconds() : 0];
}

function write(jobs, begun) {
  const [seconds, cpu, broker] = now().map((value, at) => value - begun[at]);
  const told = { jobs, seconds, cpu_seconds: cpu, broker_cpu_seconds: broker };
  fs.writeFileSync(`${asked.result}.partial`, JSON.stringify(told));
  fs.renameSync(`${asked.result}.partial`, asked.result);
}

async function submit(many) {
  const queue = new Queue("jobs", { connection });
  await queue.waitUntilReady();
  const begun = now();
  const step = many ? IN_BULK : 1;
  let first = 0;
  for (; first < asked.jobs && now()[0] - begun[0] < asked.most_seconds; first += step) {
    if (many) {
      const numbers = Array.from({ length: Math.min(step, asked.jobs - first) }, (_, at) => first + at);
      await queue.addBulk(numbers.map((number) => ({ name: "noop", data: { number } })));
    } else {
      await queue.add("noop", { number: first });
    }
  }
  write(Math.min(first, asked.jobs), begun);
  await queue.close();
}

function work() {
  let come = 0;
  let begun = null;
  let over = false;
  const soon = survives ? { stalledInterval: 2000, lockDuration: 2000, maxStalledCount: 3 } : {};
  const worker = new Worker(
    "jobs",
    async (job) => {
      come += 1;
      if (come === asked.die_at) process.kill(process.pid, "SIGKILL");
      if (survives) fs.appendFileSync(asked.log, `${job.data.number}\n`);
      if (come === asked.warm) begun = now();
      const late = begun !== null && come % 50 === 0 && now()[0] - begun[0] > asked.most_seconds;
      if (begun !== null && !over && (come === asked.jobs || late)) {
        over = true;
        write(come - asked.warm, begun);
      }
    },
    { connection, concurrency: 200, ...soon },
  );
  worker.on("error", (error) => console.error(error));
}

if (process.argv[2] === "work") work();
else submit(process.argv[2] === "submit-many");
