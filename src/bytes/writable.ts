/** An observation or row while it is put together: optional fields are set one by one, which is much faster than spreading them in. */
export type Writable<T> = { -readonly [K in keyof T]: T[K] };
