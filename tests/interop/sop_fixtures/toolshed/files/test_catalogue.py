from datetime import date

from fastapi.testclient import TestClient

from shed.main import create_app, service

DRILL = {"label": "Drill", "shelf": "A1", "inventoryNumber": "D-1"}
ADA = {"fullName": "Ada", "email": "ada@example.org"}


def client(tmp_path):
    return TestClient(create_app(tmp_path / "shed.db", lambda: date(2026, 3, 1)))


def test_a_tool_is_kept(tmp_path):
    shed = client(tmp_path)
    made = shed.post("/api/tools", json=DRILL)
    assert made.status_code == 201
    assert made.json() == {"toolId": 1, **DRILL}
    assert shed.get("/api/tools/1").json() == made.json()
    assert shed.get("/api/tools").json() == {"items": [made.json()], "total": 1}


def test_an_inventory_number_is_given_once(tmp_path):
    shed = client(tmp_path)
    shed.post("/api/tools", json=DRILL)
    again = shed.post("/api/tools", json={**DRILL, "label": "Saw"})
    assert again.status_code == 409
    assert again.json()["code"] == "inventory_number_taken"
    assert shed.get("/api/tools").json()["total"] == 1


def test_a_tool_moves_to_another_shelf(tmp_path):
    shed = client(tmp_path)
    shed.post("/api/tools", json=DRILL)
    shed.post("/api/tools", json={**DRILL, "inventoryNumber": "D-2"})
    moved = shed.put("/api/tools/1", json={**DRILL, "shelf": "B2"})
    assert moved.status_code == 200
    assert shed.get("/api/tools/1").json()["shelf"] == "B2"
    assert shed.put("/api/tools/2", json=DRILL).status_code == 409
    assert shed.put("/api/tools/9", json=DRILL).status_code == 404


def test_a_neighbour_is_kept(tmp_path):
    shed = client(tmp_path)
    made = shed.post("/api/neighbours", json=ADA)
    assert made.status_code == 201
    assert made.json() == {"neighbourId": 1, **ADA}
    assert shed.get("/api/neighbours/1").json() == made.json()
    assert shed.get("/api/neighbours").json() == {"items": [made.json()], "total": 1}


def test_bad_input_is_named(tmp_path):
    shed = client(tmp_path)
    answer = shed.post("/api/neighbours", json={**ADA, "email": "ada"})
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid"
    assert "email" in answer.json()["message"]
    missing = shed.get("/api/neighbours/7")
    assert missing.status_code == 404
    assert missing.json() == {"code": "neighbour_not_found", "message": "there is no neighbour 7"}


def test_the_service_keeps_its_data_where_it_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("SHED_DATABASE", str(tmp_path / "own.db"))
    TestClient(service()).post("/api/tools", json=DRILL)
    assert TestClient(service()).get("/api/tools").json()["total"] == 1
