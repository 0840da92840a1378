from datetime import date

from fastapi.testclient import TestClient

from shed.main import create_app


def shed_with(tmp_path, tools):
    shed = TestClient(create_app(tmp_path / "shed.db", lambda: date(2026, 3, 1)))
    for number in range(1, tools + 1):
        shed.post("/api/tools", json={"label": "Tool", "shelf": "A1", "inventoryNumber": f"N-{number}"})
    for name in ("ada", "bob"):
        shed.post("/api/neighbours", json={"fullName": name, "email": f"{name}@example.org"})
    return shed


def borrow(shed, neighbour, tool):
    return shed.post(f"/api/neighbours/{neighbour}/loans", json={"toolId": tool})


def test_a_loan_lasts_14_days(tmp_path):
    shed = shed_with(tmp_path, 1)
    made = borrow(shed, 1, 1)
    assert made.status_code == 201
    assert made.json() == {"loanId": 1, "toolId": 1, "neighbourId": 1, "startDate": "2026-03-01",
                           "dueDate": "2026-03-15", "returnedDate": None}
    assert shed.get("/api/loans/1").json() == made.json()
    assert shed.get("/api/loans").json() == {"items": [made.json()], "total": 1}


def test_a_tool_on_loan_stays_where_it_is(tmp_path):
    shed = shed_with(tmp_path, 1)
    borrow(shed, 1, 1)
    refused = borrow(shed, 2, 1)
    assert refused.status_code == 409
    assert refused.json()["code"] == "tool_on_loan"
    assert shed.get("/api/loans").json()["total"] == 1


def test_nobody_empties_the_shed(tmp_path):
    shed = shed_with(tmp_path, 6)
    answers = [borrow(shed, 1, tool) for tool in range(1, 7)]
    assert [answer.status_code for answer in answers[:3]] == [201, 201, 201]
    assert answers[-1].status_code == 409
    assert answers[-1].json()["code"] == "too_many_loans"


def test_a_returned_loan_makes_room(tmp_path):
    shed = shed_with(tmp_path, 4)
    for tool in (1, 2, 3):
        borrow(shed, 1, tool)
    assert shed.post("/api/loans/1/return").status_code == 200
    assert borrow(shed, 1, 4).status_code == 201


def test_a_loan_is_returned_once(tmp_path):
    shed = shed_with(tmp_path, 1)
    borrow(shed, 1, 1)
    back = shed.post("/api/loans/1/return")
    assert back.status_code == 200
    assert back.json()["returnedDate"] == "2026-03-01"
    again = shed.post("/api/loans/1/return")
    assert again.status_code == 409
    assert again.json()["code"] == "already_returned"
    assert borrow(shed, 2, 1).status_code == 201


def test_what_is_not_there_is_not_lent(tmp_path):
    shed = shed_with(tmp_path, 1)
    assert borrow(shed, 9, 1).status_code == 404
    assert borrow(shed, 1, 9).status_code == 404
    assert borrow(shed, 1, "drill").status_code == 422
    assert shed.post("/api/loans/9/return").status_code == 404
