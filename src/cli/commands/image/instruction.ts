/**
 * The line of a Dockerfile that a step of the history stands for: builders keep it behind the shell that ran it.
 * @param createdBy as the image has it
 */
export function instruction(createdBy: string, comment: string): string {
  const line = createdBy.replace(/\s+/g, ' ').replace(/ # buildkit$/, '').trim();
  const nop = /^(?:\|\d+ .*?)?\/bin\/sh -c #\(nop\) (.*)$/.exec(line);
  if (nop?.[1] !== undefined) return nop[1].trim();
  const run = /^(?:RUN )?(?:\|\d+ .*? )?\/bin\/sh -c (.*)$/.exec(line);
  if (run?.[1] !== undefined) return `RUN ${run[1]}`;
  return line === '' ? (comment === '' ? '<unknown>' : comment) : line;
}
