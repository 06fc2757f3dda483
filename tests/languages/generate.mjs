// Writes a consumer of a topic from the contract alone: node generate.mjs asyncapi.yaml fills > consumer.mjs
// What is wrong with the contract goes to stderr.
import { readFileSync } from "node:fs";
import avroParser from "@asyncapi/avro-schema-parser";
import asyncapi from "@asyncapi/parser";

const [contract, topic] = process.argv.slice(2);
const parser = new asyncapi.Parser();
parser.registerSchemaParser(avroParser.AvroSchemaParser());
const { document, diagnostics } = await parser.parse(readFileSync(contract, "utf8"));
const wrong = diagnostics.filter((each) => each.code !== "asyncapi-latest-version");
for (const each of wrong) console.error(each.path.join("."), each.message);
if (!document || wrong.length) process.exit(1);

const channel = document.allChannels().all().find((each) => each.id() === topic);
const message = channel.messages().all().find((each) => each.contentType().includes("avro"));
const original = message.json().payload["x-parser-original-payload"];
console.log(`import avro from "avsc";
import { Kafka } from "kafkajs";

const type = avro.Type.forSchema(${JSON.stringify(original.schema ?? original)});
const header = "${message.extensions().get("x-header").value()}";
const consumer = new Kafka({ brokers: ["${document.servers().all()[0].host()}"] }).consumer({ groupId: "generated" });
await consumer.connect();
await consumer.subscribe({ topic: "${channel.address()}", fromBeginning: true });
await consumer.run({
  eachMessage: async ({ message: { value } }) => {
    if (value.subarray(0, 10).toString("hex") === header) console.log(JSON.stringify(type.fromBuffer(value.subarray(10))));
  },
});`);
