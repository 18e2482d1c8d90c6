/* static_object.c: an object that exists once per process, in a module that claims to work in
 * several interpreters, or without the GIL. */
#include "contracts/mismatch.h"
#include "engine/rule.h"

static void
on_object(MismatchCtx *cx, const Mismatch *m)
{
    Arena *arena = mismatch_arena(cx);
    const char *message =
        m->implied ? arena_printf(arena, "'%s' holds an object for all interpreters: each one that "
                                         "imports %s replaces it", m->name, m->callee)
                   : arena_printf(arena, "'%s' holds an object for all interpreters, but %s claims "
                                         "%s: objects must not be shared between them", m->name,
                                  m->callee, m->unit);

    mismatch_report(cx, m, m->implied ? CONFIDENCE_LOW : CONFIDENCE_HIGH, message,
                    arena_printf(arena, "move '%s' into the state of the module (m_size, "
                                        "PyModule_GetState)", m->name));
}

static void
on_type(MismatchCtx *cx, const Mismatch *m)
{
    Arena *arena = mismatch_arena(cx);

    mismatch_report(cx, m, CONFIDENCE_HIGH,
                    arena_printf(arena, "the type '%s' is static, but %s claims %s: interpreters "
                                        "would share it", m->name, m->callee, m->unit),
                    "make it a heap type with PyType_FromModuleAndSpec, and keep it in the state "
                    "of the module");
}

static void
on_unlocked(MismatchCtx *cx, const Mismatch *m)
{
    Arena *arena = mismatch_arena(cx);

    mismatch_report(cx, m, CONFIDENCE_MEDIUM,
                    arena_printf(arena, "%s puts an object into '%s' without a lock, but %s claims "
                                        "%s: two threads may do it at once", m->function, m->name,
                                 m->callee, m->unit),
                    arena_printf(arena, "set '%s' while the module is made, keep it in the "
                                        "module's state, or take a PyMutex around it", m->name));
}

static void
on_mismatch(MismatchCtx *cx, const Mismatch *m)
{
    switch (m->kind) {
    case MISMATCH_SHARED_OBJECT: on_object(cx, m); break;
    case MISMATCH_SHARED_TYPE: on_type(cx, m); break;
    case MISMATCH_SHARED_UNLOCKED: on_unlocked(cx, m); break;
    default: break;
    }
}

const Rule rule_static_object = {
    .info = {.id = "static-object", .title = "Object shared by all interpreters",
             .summary = "A static variable holds an object, and the module claims to work in "
                        "several interpreters or without the GIL.",
             .severity = SEVERITY_WARNING, .precision = PRECISION_HIGH, .cwe = 567,
             .page = page_static_object},
    .on_mismatch = on_mismatch,
};
