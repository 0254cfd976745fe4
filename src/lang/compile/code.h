/* The code that the compiler makes and the virtual machine runs.

   An instruction is 64 bits: operation, a byte of flags, and three 16-bit operands (or one and a
   32-bit number); some take a second word. An operand is an index from the frame's base R:

     R[-1], R[-2], …            constants that operations read directly (copied in when a frame starts)
     R[0 …]                     parameters, other locals, captured cells, then temporaries
     R[LS_GLOBAL_BASE …]        global variables, in code of a cell's own level only: its frame lies
                                in one block of memory with them (globals.h)

   so that `s = s + i * 0.5` takes two instructions, whether s and i are local or global. A variable
   without a value is LS_UNSET; the fast paths look at tags anyway and never take it, the slow ones
   find out whether a builtin has that name. Functions reach globals with GETG and SETG.

   Temporaries own what they hold. A flag says that an operand is a temporary whose value is not
   needed after the instruction: it is dropped at once, so that memory goes back early. */
#ifndef LANG_EVAL_CODE_H
#define LANG_EVAL_CODE_H

#include "lang/eval/interp.h"
#include "lang/syntax/tree.h"

typedef union ls_insn {
    struct { uint8_t op, x; int16_t a; union { struct { int16_t b, c; }; int32_t k; }; };
    struct { int32_t k1, k2; } word; /* a second word */
} ls_insn;

enum {                     /* ls_insn.x */
    LS_X_TEMP_B = 1,       /* drop operand b afterwards */
    LS_X_TEMP_C = 2,       /* drop operand c afterwards */
    LS_X_TEMP_A = 4,       /* drop operand a afterwards (where a is read) */
    LS_X_INPLACE = 8,      /* binary operation: augmented assignment */
    LS_X_SENSE = 16,       /* compare and jump: jump when the comparison gives this */
    LS_X_LAST = 16, LS_X_QUIET = 32, LS_X_ASSIGNED = 64, /* SHOW */
    LS_X_CALL = 16  /* EXTEND and DICTUPDATE for *xs and **kw of a call */
};

enum { LS_CONST_ROOM = 2048, LS_TEMP_ROOM = 4096, LS_GLOBAL_BASE = LS_TEMP_ROOM, LS_GLOBAL_ROOM = 24576 };

/* X(NAME, words, what it does). The binary operations, comparisons and unary operations stand in
   the order of ls_operator. */
#define LS_INSTRUCTIONS(X)                                                                         \
    X(ADD, 1, "R[a] = R[b] + R[c]")                                                                \
    X(SUB, 1, "R[a] = R[b] - R[c]")                                                                \
    X(MUL, 1, "R[a] = R[b] * R[c]")                                                                \
    X(DIV, 1, "R[a] = R[b] / R[c]")                                                                \
    X(FLOORDIV, 1, "R[a] = R[b] // R[c]")                                                          \
    X(MOD, 1, "R[a] = R[b] % R[c]")                                                                \
    X(POW, 1, "R[a] = R[b] ** R[c]")                                                               \
    X(MATMUL, 1, "R[a] = R[b] @ R[c]")                                                             \
    X(AND, 1, "R[a] = R[b] & R[c]")                                                                \
    X(OR, 1, "R[a] = R[b] | R[c]")                                                                 \
    X(XOR, 1, "R[a] = R[b] ^ R[c]")                                                                \
    X(LSHIFT, 1, "R[a] = R[b] << R[c]")                                                            \
    X(RSHIFT, 1, "R[a] = R[b] >> R[c]")                                                            \
    X(LT, 1, "R[a] = R[b] < R[c]")                                                                 \
    X(LE, 1, "R[a] = R[b] <= R[c]")                                                                \
    X(GT, 1, "R[a] = R[b] > R[c]")                                                                 \
    X(GE, 1, "R[a] = R[b] >= R[c]")                                                                \
    X(EQ, 1, "R[a] = R[b] == R[c]")                                                                \
    X(NE, 1, "R[a] = R[b] != R[c]")                                                                \
    X(IN, 1, "R[a] = R[b] in R[c]")                                                                \
    X(NOT_IN, 1, "R[a] = R[b] not in R[c]")                                                        \
    X(IS, 1, "R[a] = R[b] is R[c]")                                                                \
    X(IS_NOT, 1, "R[a] = R[b] is not R[c]")                                                        \
    X(NEG, 1, "R[a] = -R[b]")                                                                      \
    X(POS, 1, "R[a] = +R[b]")                                                                      \
    X(INVERT, 1, "R[a] = ~R[b]")                                                                   \
    X(NOT, 1, "R[a] = not R[b]")                                                                   \
    /* jumps: offsets count words from the instruction's end; going back looks for interrupts */    \
    X(JUMP, 1, "go k")                                                                             \
    X(JT, 1, "go k if R[a] is true")                                                               \
    X(JF, 1, "go k if R[a] is false")                                                              \
    X(JLT, 2, "if (R[b] < R[c]) == sense go k1")                                                   \
    X(JLE, 2, "")                                                                                  \
    X(JGT, 2, "")                                                                                  \
    X(JGE, 2, "")                                                                                  \
    X(JEQ, 2, "")                                                                                  \
    X(JNE, 2, "")                                                                                  \
    /* moving values */                                                                            \
    X(MOVE, 1, "R[a] = R[b]")                                                                      \
    X(LOADK, 1, "R[a] = constant k of the pool")                                                   \
    X(GETG, 1, "R[a] = global k, or the builtin of that name")                                     \
    X(SETG, 1, "global k = R[a]")                                                                  \
    X(DELG, 1, "del global k")                                                                     \
    X(DELLOCAL, 1, "R[a] = unset; it must have had a value")                                       \
    X(DROP, 1, "R[a] = unset, quietly")                                                            \
    X(NEWCELL, 1, "R[a] = a new cell without a value")                                             \
    X(GETCELL, 1, "R[a] = what cell R[b] holds")                                                   \
    X(SETCELL, 1, "cell R[a] holds R[b]")                                                          \
    X(DELCELL, 1, "cell R[a] holds nothing; it must have held something")                          \
    /* calls: R[a] is the callee, its arguments follow; all are dropped afterwards */              \
    X(CALL, 1, "R[c] = R[a](b arguments)")                                                         \
    X(CALLKW, 2, "R[c] = R[a](b positional, then those named by keyword list k1)")                 \
    X(CALLEX, 1, "R[c] = R[a](*R[a+1], **R[a+2])")                                                 \
    X(CALLM, 2, "R[c] = R[a].name(b arguments); k1: cache with the name, k2: keyword list or -1")  \
    X(RETURN, 1, "leave with R[a]")                                                                \
    X(RETNONE, 1, "leave with None")                                                               \
    X(FUNCTION, 2, "R[a] = function of child k1; defaults in R[b …]")                              \
    /* attributes and subscripts */                                                                \
    X(ATTR, 2, "R[a] = R[b].name; k1: cache")                                                      \
    X(SETATTR, 2, "R[a].name = R[b]; k1: cache")                                                   \
    X(INDEX1, 1, "R[a] = R[b][R[c]]")                                                              \
    X(SETINDEX1, 1, "R[a][R[b]] = R[c]")                                                           \
    X(INDEX, 2, "R[a] = R[b][pattern k1]")                                                         \
    X(SETINDEX, 2, "R[a][pattern k1] = R[c]")                                                      \
    X(DELINDEX, 2, "del R[a][pattern k1]")                                                         \
    /* displays */                                                                                 \
    X(TUPLE, 1, "R[a] = tuple of c temporaries from R[b]")                                         \
    X(LIST, 1, "R[a] = list of c temporaries from R[b]")                                           \
    X(LISTK, 1, "R[a] = a new list of the items of constant tuple k")                              \
    X(APPEND, 1, "list R[a] gets R[b]")                                                            \
    X(APPENDN, 1, "list R[a] gets c temporaries from R[b]")                                        \
    X(EXTEND, 1, "list R[a] gets the items of R[b]")                                               \
    X(TOTUPLE, 1, "R[a] = tuple of list R[b]")                                                     \
    X(TOITER, 1, "R[a] = an iterator over list R[b] (a generator expression's result)")            \
    X(DICT, 1, "R[a] = {}")                                                                        \
    X(DICTSET, 1, "dict R[a] gets R[b]: R[c]")                                                     \
    X(DICTUPDATE, 1, "dict R[a] gets the entries of R[b]")                                        \
    X(MATRIX, 1, "R[a] = matrix literal of the c row lists from R[b]")                             \
    X(PRINTED, 1, "R[a] = array read from constant string k")                                      \
    X(FORMAT, 1, "R[a] = R[b] as text; c: specification or -32768; flags 16 r, 32 s, 48 a")        \
    X(JOIN, 1, "R[a] = the c strings from R[b] joined")                                            \
    X(UNPACK, 1, "R[a …] = the c items of R[b]")                                                   \
    X(UNPACKEX, 2, "R[a …] = k1 items of R[b], a list, k2 items")                                  \
    /* loops */                                                                                    \
    X(FORPREP, 1, "R[a], R[a+1] = iteration over R[b]")                                            \
    X(RANGEPREP, 2, "R[a …] = iteration over range(c arguments from R[b]); k1: global slot of `range`") \
    X(FOR, 2, "R[b] = next of R[a], go k1; or drop R[a] and go on")                                \
    /* statements */                                                                               \
    X(SHOW, 1, "echo R[a] if the session's mode and the flags say so")                             \
    X(ASSERT, 1, "raise AssertionError with R[a] (or nothing where unset)")                        \
    X(IMPORT, 1, "R[a] = module named by keyword list k; flag 16: the top package")                \
    X(IMPORTFROM, 2, "R[a] = attribute of module R[b], named by keyword list k1")                  \
    X(IMPORTSTAR, 1, "all names of module R[a] become global")

#define LS_OPCODE_(name, words, text) OP_##name,
typedef enum ls_opcode { LS_INSTRUCTIONS(LS_OPCODE_) LS_NOPCODES } ls_opcode;
#undef LS_OPCODE_

/* One item of a subscript: a[i, 2:n, None, ...] */
typedef struct ls_index_item { uint8_t kind; int16_t operand, stop, step; } ls_index_item;
enum { LS_ITEM_VALUE, LS_ITEM_SLICE };
enum { LS_NO_OPERAND = INT16_MIN };
typedef struct ls_pattern {
    int16_t first_temp, ntemps; /* temporaries to drop afterwards */
    bool tuple;                 /* a[i,] is not a[i] */
    int n;
    ls_index_item *items;
} ls_pattern;

/* What an attribute or method name meant last time at this place. */
typedef struct ls_cache {
    const char *name;
    uint16_t key;                      /* tag | kind << 8, of a receiver that is no module; 0: none */
    const struct ls_module *module;    /* the receiver that is one */
    const struct ls_builtin *builtin;  /* what it meant, for a receiver that is no module */
    ls_value value;                    /* what it meant in the module; static values only */
} ls_cache;

typedef struct ls_names { int n; const char **names; } ls_names; /* of keywords in a call; dotted names */

/* Where a call's arguments and an operation's operands stand in the source: for messages. */
typedef struct ls_places { int at, n; ls_span *spans; const char **keywords; } ls_places; /* keywords[i] NULL: by position */

typedef struct ls_code {
    int refs;
    ls_source *source;         /* a reference */
    const char *name;          /* "<cell>", "f", "<lambda>" */
    char *doc;                 /* owned, or NULL */
    ls_span span;              /* of the definition */
    ls_insn *insns;
    int ninsns;
    ls_span *spans;            /* one for each word */
    ls_value *consts;          /* they stand at R[-1 - i] */
    int nconsts;
    ls_value *pool;            /* constants that LOADK and others take one at a time */
    int npool;
    int nregs;                 /* registers from R[0] on */
    const char **locals;       /* names of R[0 … nlocals) */
    int nlocals;
    ls_pattern *patterns;
    int npatterns;
    ls_cache *caches;
    int ncaches;
    ls_names *name_lists;
    int nname_lists;
    ls_places *places;         /* in order of `at`, the word */
    int nplaces;
    struct ls_code **children; /* owned references */
    int nchildren;
    bool module;               /* a cell's own level: R lies with the globals */
    /* parameters: positional ones, keyword-only ones, *args, **kw, in this order in R */
    int npositional, nposonly, nkwonly, star, doublestar; /* star, doublestar: register or -1 */
    uint8_t *required;         /* npositional + nkwonly of them: 1 where there is no default */
    int *default_params;       /* parameters that have a default, in the order of FUNCTION's temporaries */
    int ndefaults;
    int *wrapped;              /* parameters that are captured: wrapped into cells at the start */
    int nwrapped;
    int16_t *captures;         /* for each captured variable: register of its cell in the enclosing frame */
    int first_capture, ncaptures; /* they are copied to R[first_capture …] when a frame starts */
} ls_code;

void ls_code_release(ls_code *code);

#endif
