#include "policies.hpp"

extern "C" {
#include "access/table.h"
#include "catalog/pg_policy.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "optimizer/optimizer.h"
#include "rewrite/rowsecurity.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace analytics::pg {
namespace {

bool applies(const RowSecurityPolicy &policy, char command)
{
    if (policy.polcmd != '*' && policy.polcmd != command) return false;
    const auto *const roles = reinterpret_cast<const Oid *>(ARR_DATA_PTR(policy.roles));
    for (int i = 0; i < ARR_DIMS(policy.roles)[0]; ++i)
        if (roles[i] == ACL_ID_PUBLIC || has_privs_of_role(GetUserId(), roles[i])) return true;
    return false;
}

/* (SELECT expression) becomes expression: policies are often written so, for speed. */
Node *without_scalar_subqueries(Node *node, void *context)
{
    if (node == nullptr) return nullptr;
    if (IsA(node, SubLink)) {
        const auto *const link = castNode(SubLink, node);
        if (link->subLinkType == EXPR_SUBLINK && IsA(link->subselect, Query)) {
            const auto *const query = castNode(Query, link->subselect);
            const bool is_scalar = query->rtable == NIL && query->jointree->quals == nullptr && !query->hasAggs &&
                                   query->cteList == NIL && query->setOperations == nullptr &&
                                   query->limitCount == nullptr && query->limitOffset == nullptr &&
                                   query->havingQual == nullptr && list_length(query->targetList) == 1;
            if (is_scalar)
                return without_scalar_subqueries(
                    reinterpret_cast<Node *>(linitial_node(TargetEntry, query->targetList)->expr), context);
        }
        return node;
    }
#if PG_VERSION_NUM >= 160000
    return expression_tree_mutator(node, without_scalar_subqueries, context);
#else
    return expression_tree_mutator(
        node, reinterpret_cast<Node *(*)()>(reinterpret_cast<void *>(&without_scalar_subqueries)), context);
#endif
}

/* Whether the condition is false or null for every row. */
bool refuses_all(Expr *condition)
{
    if (condition == nullptr) return false;
    PlannerInfo *const planner = makeNode(PlannerInfo);
    planner->glob = makeNode(PlannerGlobal);
    Node *const reduced =
        estimate_expression_value(planner, without_scalar_subqueries(reinterpret_cast<Node *>(condition), nullptr));
    if (!IsA(reduced, Const)) return false;
    const auto *const value = castNode(Const, reduced);
    return value->constisnull || !DatumGetBool(value->constvalue);
}

Expr *condition_of(const RowSecurityPolicy &policy, char command)
{
    return command == ACL_INSERT_CHR && policy.with_check_qual != nullptr ? policy.with_check_qual : policy.qual;
}

/* A row needs one permissive policy, and every restrictive one. */
bool lets_any_row_in(Relation events, char command)
{
    bool is_permitted = false;
    ListCell *cell = nullptr;
    foreach (cell, events->rd_rsdesc->policies) {
        const auto *const policy = static_cast<const RowSecurityPolicy *>(lfirst(cell));
        if (!applies(*policy, command)) continue;
        const bool refuses = refuses_all(condition_of(*policy, command));
        if (!policy->permissive && refuses) return false;
        if (policy->permissive && !refuses) is_permitted = true;
    }
    return is_permitted;
}

} // namespace

void require_policy(const ExtensionSchema &schema, const ErrorData &refusal)
{
    const Relation events = table_open(relation_in(schema, "analytics_events"), AccessShareLock);
    const bool is_possible = events->rd_rsdesc == nullptr ||
                             (lets_any_row_in(events, ACL_INSERT_CHR) && lets_any_row_in(events, ACL_SELECT_CHR));
    table_close(events, AccessShareLock);
    if (is_possible) return;
    ereport(ERROR,
            (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
             errmsg("row-level security lets role \"%s\" store no event at all", GetUserNameFromId(GetUserId(), false)),
             errdetail("%s", refusal.message),
             errhint("Give the role BYPASSRLS, or policies for INSERT and SELECT on analytics_events that let events "
                     "through with the settings of its sessions.")));
}

} // namespace analytics::pg
