/** What `docker cp` is given, and what is there afterwards (`path=content` or `path->target`), or what it says when it fails. */
export type CopyCase = readonly [args: readonly string[], expected: string | RegExp];

/** From `h`, which holds file `a`, directory `dir` with file `x`, links `la` and `ldir` to them, to `c`, which holds `dir`, `file` and `link` to the directory `target`. */
export const INTO: readonly CopyCase[] = [
  [['h/a', 'c/new'], 'new=A'], [['h/a', 'c/dir'], 'dir/a=A'], [['h/a', 'c/dir/'], 'dir/a=A'], [['h/a', 'c/file'], 'file=A'], [['h/a', 'c/nodir/'], /no such directory/],
  [['h/a', 'c/no/such'], /Could not find the file/], [['h/a', 'c/file/'], /no such directory/], [['h/dir', 'c/new'], 'new/x=X'], [['h/dir', 'c/dir'], 'dir/dir/x=X'], [['h/dir/', 'c/dir'], 'dir/dir/x=X'],
  [['h/dir/.', 'c/dir'], 'dir/x=X'], [['h/dir/.', 'c/new'], 'new/x=X'], [['h/dir', 'c/file'], /cannot copy directory/], [['h/la', 'c/new'], 'new->a'], [['-L', 'h/la', 'c/new'], 'new=A'],
  [['h/ldir', 'c/new'], 'new->dir'], [['h/ldir/', 'c/new'], 'new/x=X'], [['h/a', 'c/link'], 'target/a=A'], [['h/nope', 'c/'], /no such file/], [['h/dir', 'c/link'], 'target/dir/x=X'], [['-a', 'h/a', 'c/dir/b'], 'dir/b=A'],
];

/** The other way round. */
export const OUT_OF: readonly CopyCase[] = [
  [['h/a', 'c/new'], 'new=A'], [['h/a', 'c/dir'], 'dir/a=A'], [['h/a', 'c/file'], 'file=A'], [['h/a', 'c/nodir/'], /directory/], [['h/dir', 'c/new'], 'new/x=X'], [['h/dir', 'c/dir'], 'dir/dir/x=X'],
  [['h/dir/.', 'c/dir'], 'dir/x=X'], [['h/dir', 'c/file'], /cannot copy directory/], [['h/la', 'c/new'], 'new->a'], [['-L', 'h/la', 'c/new'], 'new=A'], [['h/nope', 'c/new'], /Could not find the file/],
  [['h/ldir/', 'c/new'], 'new/x=X'], [['-L', 'h/ldir', 'c/new'], 'new/x=X'], [['h/ldir/.', 'c/dir'], 'dir/x=X'],
];

export const SOURCE = 'mkdir dir; echo A > a; echo X > dir/x; ln -s a la; ln -s dir ldir';
export const TARGET = 'mkdir dir target; echo F > file; ln -s target link';
/** Every file and symlink below the working directory's numbered directories. */
export const LIST = 'find . -type f -o -type l | sort | while read f; do n=${f#./}; if [ -L "$f" ]; then echo "$n->$(readlink "$f")"; else echo "$n=$(cat "$f")"; fi; done';

/** Runs a shell script in directories `0` to `count - 1`, which it makes. */
export function numbered(count: number, script: string): string {
  return Array.from({ length: count }, (_, index) => `(mkdir ${index}; cd ${index}; ${script})`).join('; ');
}
