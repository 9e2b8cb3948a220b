/* One portable build that uses AVX2 or AVX-512 where the processor has them. */
#ifndef FQTL_CLONES_H
#define FQTL_CLONES_H

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define FQTL_CLONES                                                                         \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), unused))
#elif defined(__GNUC__)
#define FQTL_CLONES __attribute__((unused)) /* not every module needs all loops of a header */
#else
#define FQTL_CLONES
#endif

#endif
