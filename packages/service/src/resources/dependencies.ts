/**
 * Who waits for whom: how it works, and why.
 *
 * A list says the order in the simplest way there is, and one name after another is what a service of three resources needs. With
 * ten of them most of the start is waiting for what has nothing to do with one's own. So each may say what it depends on, and
 * one rule covers both: left out, that is all that stands before it.
 *
 *     [config, database, cache]                               config -> database -> cache
 *     [config, database: [config], cache: [config], api]      config -> database, cache at the same time -> api
 *
 * Rejected: left out means none, beside a list whose order means nothing. A list that somebody wrote in order would start all at
 * once with the first `dependsOn` that is added to it.
 *
 * A cycle would wait for itself for ever, so it is refused when the service is made, by its names.
 */
export interface Named {
  readonly name: string;
  readonly dependsOn: readonly string[] | undefined;
}

/**
 * For each resource the indices of those that it depends on.
 *
 * @throws TypeError naming a resource that is there twice, one that is unknown, or those that depend on one another.
 */
export function dependenciesOf(resources: readonly Named[]): readonly (readonly number[])[] {
  const indices = new Map<string, number>();
  resources.forEach(({ name }, index) => {
    if (indices.has(name)) throw new TypeError(`resources has "${name}" twice`);
    indices.set(name, index);
  });
  const dependencies = resources.map(({ name, dependsOn }, index) => {
    if (dependsOn === undefined) return Array.from({ length: index }, (_, before) => before);
    return dependsOn.map((other) => {
      const found = indices.get(other);
      if (found === undefined) throw new TypeError(`resource "${name}" depends on "${other}", which is not among the resources`);
      return found;
    });
  });
  checkCycles(resources, dependencies);
  return dependencies;
}

/** For each the indices of those that depend on it. */
export function dependentsOf(dependencies: readonly (readonly number[])[]): readonly (readonly number[])[] {
  return dependencies.map((_, index) => dependencies.flatMap((needs, other) => (needs.includes(index) ? [other] : [])));
}

function checkCycles(resources: readonly Named[], dependencies: readonly (readonly number[])[]): void {
  const isDone = new Set<number>();
  const path: number[] = [];
  const visit = (index: number): void => {
    if (isDone.has(index)) return;
    const start = path.indexOf(index);
    if (start !== -1) throw new TypeError(`resources depend on one another: ${namesOf(resources, [...path.slice(start), index])}`);
    path.push(index);
    dependencies[index]?.forEach(visit);
    path.pop();
    isDone.add(index);
  };
  resources.forEach((_, index) => visit(index));
}

function namesOf(resources: readonly Named[], indices: readonly number[]): string {
  return indices.map((index) => resources[index]?.name).join(" -> ");
}
