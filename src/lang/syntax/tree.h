/* The syntax tree. Nodes live in an arena and are never changed after parsing. */
#ifndef LANG_SYNTAX_TREE_H
#define LANG_SYNTAX_TREE_H

#include <stdbool.h>
#include "lang/syntax/arena.h"
#include "lang/syntax/source.h"

typedef enum ls_node_kind {
    /* expressions */
    LS_N_NONE, LS_N_TRUE, LS_N_FALSE, LS_N_ELLIPSIS,
    LS_N_INT, LS_N_FLOAT,
    LS_N_IMAGINARY,  /* number: the 5j of np.mgrid[0:1:5j], only as a slice's step */
    LS_N_STR,        /* text, length: adjacent literals already joined, escapes resolved */
    LS_N_FSTRING,    /* list: LS_N_STR and LS_N_FIELD parts */
    LS_N_FIELD,      /* a = expression; conversion = 0 'r' 's' 'a'; b = LS_N_FSTRING format spec or NULL;
                        text = the "expr=" prefix of a self-documenting field or NULL */
    LS_N_NAME,       /* text */
    LS_N_TUPLE, LS_N_LIST, /* list (may hold LS_N_STARRED) */
    LS_N_DICT,       /* list of LS_N_PAIR (a: key, b: value) and LS_N_DOUBLESTAR (a) */
    LS_N_PAIR, LS_N_DOUBLESTAR,
    LS_N_MATRIX,     /* [1, 2; 3, 4]: list of LS_N_LIST rows: a float64 or int64 ndarray */
    LS_N_PRINTED,    /* a printed array's own text, white-space separated: text (read by lsv_text_read_array) */
    LS_N_UNARY,      /* op, a */
    LS_N_BINARY,     /* op, a, b; op_span */
    LS_N_COMPARE,    /* list of operands, ops[]: one fewer; chained */
    LS_N_AND, LS_N_OR, /* a, b */
    LS_N_NOT,        /* a */
    LS_N_IFEXP,      /* a if b else c  (a: value, b: condition, c: otherwise) */
    LS_N_LAMBDA,     /* function */
    LS_N_WALRUS,     /* a (a NAME) := b */
    LS_N_CALL,       /* a = callee, list = arguments: expressions, LS_N_STARRED, LS_N_KEYWORD, LS_N_DOUBLESTAR */
    LS_N_KEYWORD,    /* text = a */
    LS_N_STARRED,    /* *a */
    LS_N_ATTRIBUTE,  /* a . text; op_span covers the attribute's name */
    LS_N_SUBSCRIPT,  /* a [ b ]; b may be LS_N_TUPLE and LS_N_SLICE */
    LS_N_SLICE,      /* a : b : c, each may be NULL */
    LS_N_LISTCOMP, LS_N_GENEXP, /* a = element; list of LS_N_COMPFOR */
    LS_N_DICTCOMP,   /* a = LS_N_PAIR; list of LS_N_COMPFOR */
    LS_N_COMPFOR,    /* for a in b, list = conditions */
    /* statements */
    LS_N_EXPR,       /* a */
    LS_N_ASSIGN,     /* list = targets (left to right), b = value */
    LS_N_AUGASSIGN,  /* a op= b; op */
    LS_N_ANNASSIGN,  /* a : annotation = b (b may be NULL) */
    LS_N_IF,         /* if a: body; else: orelse (an elif is an LS_N_IF in orelse) */
    LS_N_FOR,        /* for a in b: body; else: orelse */
    LS_N_WHILE,      /* while a: body; else: orelse */
    LS_N_BREAK, LS_N_CONTINUE, LS_N_PASS,
    LS_N_DEF,        /* function */
    LS_N_RETURN,     /* a or NULL */
    LS_N_ASSERT,     /* a, b = message or NULL */
    LS_N_DEL,        /* list of targets */
    LS_N_GLOBAL, LS_N_NONLOCAL, /* list of LS_N_NAME */
    LS_N_IMPORT,     /* list of LS_N_ALIAS */
    LS_N_FROMIMPORT, /* text = module; list of LS_N_ALIAS; one alias with text "*" for a star import */
    LS_N_ALIAS,      /* text = dotted name, text2 = "as" name or NULL */
    LS_N_BLOCK,      /* list of statements: a cell, a body */
    LS_N_NKINDS
} ls_node_kind;

/* X(ENUM, spelling) */
#define LS_BINARY_TOKENS(X)                                                                        \
    X(ADD, "+") X(SUB, "-") X(MUL, "*") X(DIV, "/") X(FLOORDIV, "//") X(MOD, "%") X(POW, "**")     \
    X(MATMUL, "@") X(AND, "&") X(OR, "|") X(XOR, "^") X(LSHIFT, "<<") X(RSHIFT, ">>")
#define LS_COMPARE_TOKENS(X)                                                                       \
    X(LT, "<") X(LE, "<=") X(GT, ">") X(GE, ">=") X(EQ, "==") X(NE, "!=")                          \
    X(IN, "in") X(NOT_IN, "not in") X(IS, "is") X(IS_NOT, "is not")
#define LS_ENUM_(name, spelling) LS_OP_##name,
typedef enum ls_operator {
    LS_BINARY_TOKENS(LS_ENUM_) LS_COMPARE_TOKENS(LS_ENUM_)
    LS_OP_NEG, LS_OP_POS, LS_OP_INVERT,
    LS_NOPERATORS
} ls_operator;
#undef LS_ENUM_
const char *ls_operator_text(ls_operator op);

/* How deep a tree can be: who walks one by recursion may rely on it. */
enum { LS_MAX_HEIGHT = 3000 };

typedef struct ls_node ls_node;
typedef struct ls_list_of_nodes { ls_node **items; int n; } ls_nodes;

typedef enum ls_param_kind { LS_PARAM_PLAIN, LS_PARAM_STAR, LS_PARAM_KWONLY, LS_PARAM_DOUBLESTAR } ls_param_kind;
typedef struct ls_param {
    const char *name;
    ls_node *fallback;      /* default value, or NULL */
    ls_param_kind kind;     /* parameters before a "/" have positional_only set */
    bool positional_only;
    ls_span span;
} ls_param;

typedef struct ls_function_node {
    const char *name;       /* "<lambda>" for a lambda */
    ls_param *params;
    int nparams;
    ls_node *body;          /* LS_N_BLOCK, or an expression for a lambda */
    ls_nodes decorators;
    const char *doc;        /* docstring or NULL */
    ls_span span;           /* from "def" to the end of the body: what name?? shows */
} ls_function_node;

struct ls_node {
    ls_node_kind kind;
    ls_span span;
    ls_span op_span;             /* where the operator, the attribute name, … stands */
    ls_operator op;
    ls_node *a, *b, *c;
    ls_nodes list, body, orelse; /* body, orelse: statements */
    union {
        int64_t integer;
        double number;
        struct { const char *text; size_t length; const char *text2; };
        ls_operator *ops;
        ls_function_node *function;
    };
    int conversion;              /* LS_N_FIELD */
    int height;                  /* levels of nodes below and including this one; at most LS_MAX_HEIGHT */
};

#endif
