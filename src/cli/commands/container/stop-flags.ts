import { int, text } from '../../grammar/flag.ts';

/** Options of `stop` and `restart`. `--time` is the older spelling of `--timeout`. */
export const STOP_FLAGS = {
  signal: text('Signal to send instead of the container\'s own stop signal', { short: 's' }),
  time: int('Seconds to wait before the container is killed', { hidden: true }),
  timeout: int('Seconds to wait before the container is killed', { short: 't' }),
};

export function stopQuery(flags: { signal: string | undefined; time: number | undefined; timeout: number | undefined }): { t?: number; signal?: string } {
  const seconds = flags.timeout ?? flags.time;
  return { ...(seconds === undefined ? {} : { t: seconds }), ...(flags.signal === undefined ? {} : { signal: flags.signal }) };
}
