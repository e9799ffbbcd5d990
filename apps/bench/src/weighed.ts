import { weights } from "./groups/index.ts";
import { bytesOfEach } from "./weigh.ts";

// A process that weighs the candidate of this name, and no other.
const weight = weights.find(({ name }) => name === process.argv[2]);
if (weight === undefined) throw new Error(`there is nothing to weigh under the name ${process.argv[2]}`);
process.send?.(await bytesOfEach(weight), () => process.exit());
